//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Texts of keys are nearly always shorter than 64 bytes. These are read as 64, of which only the first N count:
// where a text ends need not be guessed.

// The 64 bytes that end at N bytes before the middle have N of them set.
DATA counted<>+0(SB)/8, $-1
DATA counted<>+8(SB)/8, $-1
DATA counted<>+16(SB)/8, $-1
DATA counted<>+24(SB)/8, $-1
DATA counted<>+32(SB)/8, $-1
DATA counted<>+40(SB)/8, $-1
DATA counted<>+48(SB)/8, $-1
DATA counted<>+56(SB)/8, $-1
GLOBL counted<>(SB), RODATA|NOPTR, $128

// LANE mixes the sixteen bytes AT behind P into X, but for those that do not count; R12 has counted's place for P.
#define LANE(AT, P, X) \
	VMOVDQU AT(R12), X2 \
	VPAND AT(P), X2, X2 \
	VPXOR X2, X, X2 \
	VAESENC X5, X2, X

// HASH mixes N bytes from P into X, by way of Y in part; X5 is the key of the rounds. Y begins with it: what a client
// sends must not be all that a round depends on.
#define HASH(P, N, X, Y, MORE, LAST, LONG, DONE) \
	CMPQ N, $64 \
	JA LONG \
	LEAQ counted<>+64(SB), R12 \
	SUBQ N, R12 \
	LANE(0, P, X) \
	LANE(16, P, X) \
	VMOVDQU 32(R12), X2 \
	VPAND 32(P), X2, X2 \
	VPXOR X2, X5, X2 \
	VAESENC X5, X2, Y \
	LANE(48, P, Y) \
	VMOVDQA Y, X2 \
	JMP DONE \
LONG: \
	MOVQ P, R12 \
	LEAQ -16(P)(N*1), R13 \
MORE: \
	CMPQ R12, R13 \
	JAE LAST \
	VPXOR (R12), X, X2 \
	VAESENC X5, X2, X \
	ADDQ $16, R12 \
	JMP MORE \
LAST: \
	VMOVDQU (R13), X2 \
DONE: \
	VPXOR X2, X, X2 \
	VAESENC X5, X2, X

// KEY sets AX to the hash of the names (SI, R8 bytes), the path (DI, R9 bytes) and the sizes (R10).
// The seed is at DX. The two texts are mixed independently, so that the processor works on both at once.
#define KEY \
	VMOVDQU 16(DX), X1 \
	VMOVDQU 32(DX), X5 \
	VMOVQ R10, X2 \
	VPXOR (DX), X2, X0 \
	TESTQ R8, R8 \
	JZ nameless \
	HASH(SI, R8, X0, X6, namesMore, namesLast, namesLong, namesDone) \
nameless: \
	HASH(DI, R9, X1, X7, pathMore, pathLast, pathLong, pathDone) \
	VAESENC X1, X0, X0 \
	VAESENC X5, X0, X0 \
	VAESENC X5, X0, X0 \
	VMOVQ X0, AX

// SAME goes to DIFFERENT unless the N bytes from P are those from K.
#define SAME(P, N, K, DIFFERENT, MORE, LAST, LONG, END) \
	CMPQ N, $64 \
	JA LONG \
	VMOVDQU (P), Y2 \
	VMOVDQU 32(P), Y3 \
	VPCMPEQB (K), Y2, Y2 \
	VPCMPEQB 32(K), Y3, Y3 \
	VPMOVMSKB Y2, R12 \
	VPMOVMSKB Y3, R13 \
	SHLQ $32, R13 \
	ORQ R13, R12 \
	NOTQ R12 \
	BZHIQ N, R12, R12 \
	TESTQ R12, R12 \
	JNZ DIFFERENT \
	JMP END \
LONG: \
	LEAQ -16(N), R13 \
	XORL R12, R12 \
	VPXOR X4, X4, X4 \
MORE: \
	CMPQ R12, R13 \
	JGE LAST \
	VMOVDQU (P)(R12*1), X2 \
	VPXOR (K)(R12*1), X2, X2 \
	VPOR X2, X4, X4 \
	ADDQ $16, R12 \
	JMP MORE \
LAST: \
	VMOVDQU (P)(R13*1), X2 \
	VPXOR (K)(R13*1), X2, X2 \
	VPOR X2, X4, X4 \
	VPTEST X4, X4 \
	JNE DIFFERENT \
END:

// func hashKey(seed *keySeed, names *byte, n int, path *byte, m int, sizes uint64) uint64
TEXT ·hashKey(SB), NOSPLIT, $0-56
	MOVQ seed+0(FP), DX
	MOVQ names+8(FP), SI
	MOVQ n+16(FP), R8
	MOVQ path+24(FP), DI
	MOVQ m+32(FP), R9
	MOVQ sizes+40(FP), R10
	KEY
	MOVQ AX, ret+48(FP)
	RET

// func findKey(t *keyTable, seed *keySeed, names *byte, n int, path *byte, size int, slashes uint64, segments int, sizes uint64) int
TEXT ·findKey(SB), NOSPLIT, $0-80
	MOVQ seed+8(FP), DX
	MOVQ names+16(FP), SI
	MOVQ n+24(FP), R8
	MOVQ path+32(FP), DI
	MOVQ size+40(FP), R9
	MOVQ sizes+64(FP), R10
	TESTQ R9, R9
	JZ key

	// R9 becomes the bytes of the first segments, as in parser.Record.Route.
	MOVQ slashes+48(FP), AX
	MOVQ segments+56(FP), CX
	TESTB $1, AX
	JZ unknown
	MOVL $64, BX
	CMPQ R9, BX
	CMOVQLT R9, BX
	BZHIQ BX, AX, AX
	MOVQ AX, BX

segment:
	BLSRQ BX, BX
	DECQ CX
	JNZ segment
	TZCNTQ BX, BX
	JCC ends
	MOVQ R9, BX
	CMPQ R9, $64
	JA unknown

ends:
	MOVQ BX, R9
	LEAQ (AX)(AX*1), CX
	ANDQ AX, CX
	TZCNTQ CX, CX // a slash behind a slash
	JCS once
	CMPQ CX, R9
	JLS unknown

once:
	ORQ R9, R10

key:
	KEY
	MOVQ t+0(FP), BX
	MOVQ keyTable_slots(BX), DX
	MOVQ (keyTable_slots+8)(BX), CX
	DECQ CX
	SHLQ $const_slotShift, CX         // the mask of offsets of slots
	MOVQ keyTable_arena(BX), R15
	SHRQ $const_sizeBits, AX          // markOf
	MOVQ AX, R14
	SHLQ $const_sizeBits, AX
	ORQ R10, AX
	SHLQ $const_slotShift, R14

probe:
	ANDQ CX, R14
	MOVQ keySlot_mark(DX)(R14*1), BX
	CMPQ BX, AX
	JNE other
	MOVL keySlot_off(DX)(R14*1), BX
	ADDQ R15, BX
	SAME(DI, R9, BX, next, pathCompare, pathTail, pathWide, pathSame)
	ADDQ R9, BX
	TESTQ R8, R8
	JZ found
	SAME(SI, R8, BX, next, namesCompare, namesTail, namesWide, namesSame)

found:
	MOVL keySlot_entry(DX)(R14*1), AX
	MOVQ AX, ret+72(FP)
	VZEROUPPER
	RET

other:
	TESTQ BX, BX
	JZ none

next:
	ADDQ $keySlot__size, R14
	JMP probe

none:
	MOVQ $const_missing, ret+72(FP)
	VZEROUPPER
	RET

unknown:
	MOVQ $const_unknown, ret+72(FP)
	RET
