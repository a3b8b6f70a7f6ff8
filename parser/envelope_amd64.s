//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// func sameHead(line *byte, words *headWord, n int) bool
TEXT ·sameHead(SB), NOSPLIT, $0-25
	MOVQ line+0(FP), SI
	MOVQ words+8(FP), DI
	MOVQ n+16(FP), CX
	VPXOR Y4, Y4, Y4

head:
	VMOVDQU (SI), Y0
	VPADDB headWord_plus(DI), Y0, Y1
	VPXOR headWord_want(DI), Y0, Y0
	VPXOR headWord_want(DI), Y1, Y1
	VPAND headWord_mask(DI), Y0, Y0
	VPAND headWord_high(DI), Y1, Y1
	VPOR Y0, Y1, Y0
	VPOR Y0, Y4, Y4
	ADDQ $32, SI
	ADDQ $headWord__size, DI
	DECQ CX
	JNZ head
	VPTEST Y4, Y4
	SETEQ ret+24(FP)
	VZEROUPPER
	RET
