// Package host holds no code of the program: its tests run the binary as an operator does, beside real HAProxies,
// rsyslog and promtool, with the permissions, the mistakes and the broken sockets that hosts have.
package host
