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

// Bytes to be spread over a register.
DATA blank<>+0(SB)/1, $0x20
GLOBL blank<>(SB), RODATA|NOPTR, $1
DATA slash<>+0(SB)/1, $0x2f
GLOBL slash<>(SB), RODATA|NOPTR, $1
DATA newline<>+0(SB)/1, $0x0a
GLOBL newline<>(SB), RODATA|NOPTR, $1

// What makes digits the ten lowest of all signed bytes, and the highest of these.
DATA lowest<>+0(SB)/1, $0x50
GLOBL lowest<>(SB), RODATA|NOPTR, $1
DATA nine<>+0(SB)/1, $0x89
GLOBL nine<>(SB), RODATA|NOPTR, $1

// SPREAD fills the registers that MASKS needs.
#define SPREAD \
	VPBROADCASTB blank<>(SB), Y12 \
	VPBROADCASTB slash<>(SB), Y13 \
	VPBROADCASTB lowest<>(SB), Y10 \
	VPBROADCASTB nine<>(SB), Y11

// MASKS makes the words at R13 of the 64 bytes at R12 behind SI, which stay in Y0 and Y1, and goes on to the next ones.
// The smaller of a byte and a blank is the byte itself: a blank, or below it.
#define MASKS \
	VMOVDQU (SI)(R12*1), Y0 \
	VMOVDQU 32(SI)(R12*1), Y1 \
	VPCMPEQB Y13, Y0, Y2 \
	VPCMPEQB Y13, Y1, Y3 \
	WORD(Y2, Y3) \
	MOVQ R8, index_slash(R13) \
	VPMINUB Y12, Y0, Y2 \
	VPMINUB Y12, Y1, Y3 \
	VPCMPEQB Y0, Y2, Y2 \
	VPCMPEQB Y1, Y3, Y3 \
	WORD(Y2, Y3) \
	MOVQ R8, index_blank(R13) \
	VPADDB Y10, Y0, Y2 \
	VPADDB Y10, Y1, Y3 \
	VPCMPGTB Y11, Y2, Y2 \
	VPCMPGTB Y11, Y3, Y3 \
	WORD(Y2, Y3) \
	MOVQ R8, index_other(R13) \
	ADDQ $64, R12 \
	ADDQ $8, R13

// BEHIND makes two words of all bits at R13.
#define BEHIND \
	VPCMPEQB X0, X0, X0 \
	VMOVDQU X0, index_slash(R13) \
	VMOVDQU X0, index_blank(R13) \
	VMOVDQU X0, index_other(R13)

// HEAD compares the CX words at DI with the bytes at SI, and sets the zero flag when the line has this head.
#define HEAD \
	VPXOR Y4, Y4, Y4 \
head: \
	VMOVDQU (SI), Y0 \
	VPADDB headWord_plus(DI), Y0, Y1 \
	VPXOR headWord_want(DI), Y0, Y0 \
	VPXOR headWord_want(DI), Y1, Y1 \
	VPAND headWord_mask(DI), Y0, Y0 \
	VPAND headWord_high(DI), Y1, Y1 \
	VPOR Y0, Y1, Y0 \
	VPOR Y0, Y4, Y4 \
	ADDQ $32, SI \
	ADDQ $headWord__size, DI \
	DECQ CX \
	JNZ head \
	VPTEST Y4, Y4

// func firstBlocks(from *byte, to *index, n int)
TEXT ·firstBlocks(SB), NOSPLIT, $0-24
	MOVQ from+0(FP), SI
	MOVQ to+8(FP), R13
	MOVQ n+16(FP), CX
	SPREAD
	XORL R12, R12
	TESTQ CX, CX
	JZ end

block:
	MASKS
	DECQ CX
	JNZ block

end:
	BEHIND
	VZEROUPPER
	RET

// func headedLine(line *byte, n int, s *shape, to *index) int
TEXT ·headedLine(SB), NOSPLIT, $0-40
	MOVQ line+0(FP), SI
	MOVQ n+8(FP), R10
	MOVQ s+16(FP), BX
	MOVQ to+24(FP), R13
	MOVQ shape_words(BX), DI
	MOVQ (shape_words+8)(BX), CX
	MOVQ (shape_head+8)(BX), BX
	HEAD
	SPREAD
	VPBROADCASTB newline<>(SB), Y14
	JNZ none
	MOVQ line+0(FP), SI
	ADDQ BX, SI
	SUBQ BX, R10
	MOVQ $const_maxQuick, R11
	CMPQ R10, R11
	CMOVQGT R11, R10
	XORL R12, R12

block:
	CMPQ R12, R10
	JGE none
	MASKS
	VPCMPEQB Y14, Y0, Y0
	VPCMPEQB Y14, Y1, Y1
	VPOR Y0, Y1, Y2
	VPTEST Y2, Y2
	JZ block
	WORD(Y0, Y1)
	TZCNTQ R8, R8
	LEAQ -64(R12)(R8*1), AX
	BEHIND
	VZEROUPPER
	CMPQ AX, R10
	JGE none
	TESTQ AX, AX
	JZ none
	CMPB -1(SI)(AX*1), $'\r'
	JLS none
	CMPB (SI), $'m'
	JEQ none
	MOVQ AX, ret+32(FP)
	RET

none:
	VZEROUPPER
	MOVQ $-1, ret+32(FP)
	RET

// func sameHead(line *byte, words *headWord, n int) bool
TEXT ·sameHead(SB), NOSPLIT, $0-25
	MOVQ line+0(FP), SI
	MOVQ words+8(FP), DI
	MOVQ n+16(FP), CX
	HEAD
	SETEQ ret+24(FP)
	VZEROUPPER
	RET
