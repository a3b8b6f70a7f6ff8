// Package corpora holds no code of the program: its tests replay recorded logs of real HAProxies through the
// binary and compare the exposition with what HAProxy itself said about the same requests.
package corpora
