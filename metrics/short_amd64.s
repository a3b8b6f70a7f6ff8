//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// func shortTimes(cell *Cell, times *parser.Timers, quick *histogramAt, n int, direct *[directMS]uint8) uint64
TEXT ·shortTimes(SB), NOSPLIT, $0-48
	MOVQ cell+0(FP), DI
	MOVQ times+8(FP), SI
	MOVQ quick+16(FP), R8
	MOVQ n+24(FP), CX
	MOVQ direct+32(FP), R9
	XORL AX, AX
	XORL DX, DX

histogram:
	MOVQ histogramAt_time(R8), R10
	SHLQ $const_timerShift, R10
	MOVQ const_timerMS(SI)(R10*1), R10
	CMPQ R10, $const_directMS
	JAE long
	MOVBLZX (R9)(R10*1), R11
	ADDL histogramAt_first(R8), R11
	MOVL histogramAt_sum(R8), BX
	ADDL R10, Cell_sums(DI)(BX*4)
	INCB Cell_counts(DI)(R11*1)

next:
	ADDQ $histogramAt__size, R8
	INCQ DX
	CMPQ DX, CX
	JLT histogram
	MOVQ AX, ret+40(FP)
	RET

long:
	BTSQ DX, AX
	JMP next
