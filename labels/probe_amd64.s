//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// SHORT loads N bytes from P, fewer than 16, into LO and HI, all of them at least once and none behind them.
#define SHORT(P, N, LO, HI, BELOW8, BELOW4, DONE) \
	CMPQ N, $8 \
	JB BELOW8 \
	MOVQ (P), LO \
	MOVQ -8(P)(N*1), HI \
	JMP DONE \
BELOW8: \
	CMPQ N, $4 \
	JB BELOW4 \
	MOVL (P), LO \
	MOVL -4(P)(N*1), HI \
	JMP DONE \
BELOW4: \
	XORL LO, LO \
	XORL HI, HI \
	TESTQ N, N \
	JZ DONE \
	MOVQ N, HI \
	SHRQ $1, HI \
	MOVBLZX (P), LO \
	MOVBLZX (P)(HI*1), HI \
	SHLQ $8, HI \
	ORQ HI, LO \
	MOVBLZX -1(P)(N*1), HI \
DONE:

// HASH mixes N bytes from P into X; X5 is the key of the rounds.
#define HASH(P, N, X, MORE, LAST, LESS, BELOW8, BELOW4, DONE, FOLD) \
	CMPQ N, $16 \
	JB LESS \
	MOVQ P, R12 \
	LEAQ -16(P)(N*1), R13 \
MORE: \
	CMPQ R12, R13 \
	JAE LAST \
	MOVOU (R12), X2 \
	PXOR X2, X \
	AESENC X5, X \
	ADDQ $16, R12 \
	JMP MORE \
LAST: \
	MOVOU (R13), X2 \
	JMP FOLD \
LESS: \
	SHORT(P, N, AX, BX, BELOW8, BELOW4, DONE) \
	MOVQ AX, X2 \
	MOVQ BX, X3 \
	PUNPCKLQDQ X3, X2 \
FOLD: \
	PXOR X2, X \
	AESENC X5, X

// KEY sets AX to the hash of the names (SI, R8 bytes), the path (DI, R9 bytes), the sizes (R10) and the flags (R11).
// The seed is at DX. The two texts are mixed independently, so that the processor works on both at once.
#define KEY \
	MOVOU (DX), X0 \
	MOVOU 16(DX), X1 \
	MOVOU 32(DX), X5 \
	MOVQ R10, X2 \
	MOVQ R11, X3 \
	PUNPCKLQDQ X3, X2 \
	PXOR X2, X0 \
	HASH(SI, R8, X0, namesMore, namesLast, namesLess, names8, names4, namesShort, namesFold) \
	HASH(DI, R9, X1, pathMore, pathLast, pathLess, path8, path4, pathShort, pathFold) \
	AESENC X1, X0 \
	AESENC X5, X0 \
	AESENC X5, X0 \
	MOVQ X0, AX \
	ORQ $1, AX

// SAME goes to DIFFERENT unless the N bytes from P are those from K.
#define SAME(P, N, K, DIFFERENT, MORE, LAST, LESS, A8, A4, A, B8, B4, B, END) \
	CMPQ N, $16 \
	JB LESS \
	LEAQ -16(N), R13 \
	XORL R12, R12 \
	PXOR X4, X4 \
MORE: \
	CMPQ R12, R13 \
	JGE LAST \
	MOVOU (P)(R12*1), X2 \
	MOVOU (K)(R12*1), X3 \
	PXOR X3, X2 \
	POR X2, X4 \
	ADDQ $16, R12 \
	JMP MORE \
LAST: \
	MOVOU (P)(R13*1), X2 \
	MOVOU (K)(R13*1), X3 \
	PXOR X3, X2 \
	POR X2, X4 \
	PTEST X4, X4 \
	JNE DIFFERENT \
	JMP END \
LESS: \
	SHORT(P, N, R12, R13, A8, A4, A) \
	MOVQ R12, X2 \
	MOVQ R13, X3 \
	PUNPCKLQDQ X3, X2 \
	SHORT(K, N, R12, R13, B8, B4, B) \
	MOVQ R12, X3 \
	MOVQ R13, X4 \
	PUNPCKLQDQ X4, X3 \
	PXOR X3, X2 \
	PTEST X2, X2 \
	JNE DIFFERENT \
END:

// func hashKey(seed *keySeed, names *byte, n int, path *byte, m int, sizes uint64, flags uint8) uint64
TEXT ·hashKey(SB), NOSPLIT, $0-64
	MOVQ seed+0(FP), DX
	MOVQ names+8(FP), SI
	MOVQ n+16(FP), R8
	MOVQ path+24(FP), DI
	MOVQ m+32(FP), R9
	MOVQ sizes+40(FP), R10
	MOVBLZX flags+48(FP), R11
	KEY
	MOVQ AX, ret+56(FP)
	RET

// func findKey(t *keyTable, seed *keySeed, names *byte, n int, path *byte, m int, sizes uint64, flags uint8) int
TEXT ·findKey(SB), NOSPLIT, $0-72
	MOVQ seed+8(FP), DX
	MOVQ names+16(FP), SI
	MOVQ n+24(FP), R8
	MOVQ path+32(FP), DI
	MOVQ m+40(FP), R9
	MOVQ sizes+48(FP), R10
	MOVBLZX flags+56(FP), R11
	KEY
	MOVQ t+0(FP), BX
	MOVQ keyTable_slots(BX), DX
	MOVQ (keyTable_slots+8)(BX), CX
	SHLQ $const_slotShift, CX
	SUBQ $keySlot__size, CX           // as bytes, for offsets of slots
	MOVQ keyTable_arena(BX), R15
	MOVQ AX, R14
	SHLQ $const_slotShift, R14

probe:
	ANDQ CX, R14
	MOVQ keySlot_hash(DX)(R14*1), BX
	CMPQ BX, AX
	JNE other
	CMPQ keySlot_sizes(DX)(R14*1), R10
	JNE next
	CMPB keySlot_flags(DX)(R14*1), R11
	JNE next
	MOVL keySlot_off(DX)(R14*1), BX
	ADDQ R15, BX
	SAME(DI, R9, BX, next, pathCompare, pathTail, pathTiny, p8, p4, p, q8, q4, q, pathSame)
	ADDQ R9, BX
	SAME(SI, R8, BX, next, namesCompare, namesTail, namesTiny, r8, r4, r, s8, s4, s, namesSame)
	MOVL keySlot_entry(DX)(R14*1), AX
	MOVQ AX, ret+64(FP)
	RET

other:
	TESTQ BX, BX
	JZ none

next:
	ADDQ $keySlot__size, R14
	JMP probe

none:
	MOVQ $-1, ret+64(FP)
	RET
