//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// FILL sets all bytes of Y to C.
#define FILL(C, X, Y) \
	MOVQ $C, AX \
	MOVQ AX, X \
	VPBROADCASTB X, Y

// WORD makes one word of the comparisons of the lower and the upper 32 bytes.
#define WORD(LOW, HIGH) \
	VPMOVMSKB LOW, R8 \
	VPMOVMSKB HIGH, R9 \
	SHLQ $32, R9 \
	ORQ R9, R8

// Which bytes no name holds, by nibble: bit 0 is for 0x0_ and 0x1_ and for a blank, bit 1 for " , and / (0x2_),
// bit 2 for { | and } (0x7_). A byte is odd when its two nibbles have a bit in common. Both lanes of a register
// look up in the same table.
DATA oddLow<>+0(SB)/8, $0x0101010101030103
DATA oddLow<>+8(SB)/8, $0x0301050705010101
DATA oddLow<>+16(SB)/8, $0x0101010101030103
DATA oddLow<>+24(SB)/8, $0x0301050705010101
GLOBL oddLow<>(SB), RODATA|NOPTR, $32
DATA oddHigh<>+0(SB)/8, $0x0400000000020101
DATA oddHigh<>+8(SB)/8, $0x0000000000000000
DATA oddHigh<>+16(SB)/8, $0x0400000000020101
DATA oddHigh<>+24(SB)/8, $0x0000000000000000
GLOBL oddHigh<>(SB), RODATA|NOPTR, $32

// ODD sets the bytes of OUT that are not odd in IN.
#define ODD(IN, OUT, TMP) \
	VPAND Y12, IN, TMP \
	VPSHUFB TMP, Y10, TMP \
	VPSRLW $4, IN, OUT \
	VPAND Y12, OUT, OUT \
	VPSHUFB OUT, Y11, OUT \
	VPAND TMP, OUT, OUT \
	VPCMPEQB Y13, OUT, OUT

// func termBlocks(from *byte, to *index, n int, term byte)
TEXT ·termBlocks(SB), NOSPLIT, $0-25
	MOVQ from+0(FP), SI
	MOVQ to+8(FP), DI
	MOVQ n+16(FP), CX
	MOVBLZX term+24(FP), AX
	MOVQ AX, X14
	VPBROADCASTB X14, Y14
	FILL(0x0f, X12, Y12)
	VPXOR Y13, Y13, Y13
	VMOVDQU oddLow<>(SB), Y10
	VMOVDQU oddHigh<>(SB), Y11

block:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1

	// index.term
	VPCMPEQB Y14, Y0, Y2
	VPCMPEQB Y14, Y1, Y3
	WORD(Y2, Y3)
	MOVQ R8, index_term(DI)

	// index.odd
	ODD(Y0, Y2, Y4)
	ODD(Y1, Y3, Y5)
	WORD(Y2, Y3)
	NOTQ R8
	MOVQ R8, index_odd(DI)

	ADDQ $64, SI
	ADDQ $8, DI
	DECQ CX
	JNZ block
	VZEROUPPER
	RET

// func slashMask(from *byte) uint64
TEXT ·slashMask(SB), NOSPLIT, $0-16
	MOVQ from+0(FP), SI
	FILL(0x2f, X11, Y11)
	VPCMPEQB (SI), Y11, Y2
	VPCMPEQB 32(SI), Y11, Y3
	WORD(Y2, Y3)
	MOVQ R8, ret+8(FP)
	VZEROUPPER
	RET
