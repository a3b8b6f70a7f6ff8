// Package difftest holds no code of the program: its test lets a real HAProxy write lines in random
// log-formats, with the same fields as structured data beside them, and compares what the parser reads.
package difftest
