//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// func quickInts(w *[maskSize]byte, m uint64, seq []quickInt, v *[quickSlot]value, i int) int
TEXT ·quickInts(SB), NOSPLIT, $0-64
	MOVQ w+0(FP), SI
	MOVQ m+8(FP), R8
	MOVQ seq_base+16(FP), DI
	MOVQ seq_len+24(FP), CX
	MOVQ v+40(FP), DX
	MOVQ i+48(FP), R10
	INCQ R10                          // offsets in a value are one more
	XORL R9, R9                       // where the number begins in w
	MOVQ $const_digits8a, R13
	MOVQ $const_digits8b, R14
	MOVQ $const_digits8c, R15

number:
	TZCNTQ R8, BX                     // where it ends
	BLSRQ R8, R8
	MOVQ BX, R11
	SUBQ R9, R11
	LEAQ -1(R11), R12
	CMPQ R12, $7
	JHI refused                       // none, or more than eight digits
	CMPQ R9, $(const_maskSize - 9)
	JHI refused                       // the eight bytes from there and the separator may not be in w
	MOVBLZX quickInt_slot(DI), R12
	TESTL R12, R12
	JZ separator

	// As digits8, of the eight bytes from the number on: shifted so that its last digit comes last.
	SHLL $3, R11
	NEGQ R11
	SHLXQ R11, (SI)(R9*1), AX
	ANDQ R13, AX
	IMUL3Q $(10<<8 + 1), AX, AX
	SHRQ $8, AX
	ANDQ R14, AX
	IMUL3Q $(100<<16 + 1), AX, AX
	SHRQ $16, AX
	ANDQ R15, AX
	MOVQ $const_digits8d, R11
	IMULQ R11, AX
	SHRQ $32, AX

	SHLL $4, R12                      // a value has 16 bytes
	LEAL (R10)(R9*1), R11
	ORL $const_vNumber, R11
	MOVL R11, value_off(DX)(R12*1)
	LEAL (R10)(BX*1), R11
	MOVL R11, value_end(DX)(R12*1)
	MOVQ AX, value_num(DX)(R12*1)

separator:
	LEAQ 1(BX), R9
	DECQ CX
	JZ done
	MOVBLZX quickInt_sep(DI), R11
	CMPB R11, (SI)(BX*1)
	JNE refused
	ADDQ $quickInt__size, DI
	JMP number

done:
	LEAQ -1(R10)(BX*1), AX
	MOVQ AX, ret+56(FP)
	RET

refused:
	MOVQ $-1, ret+56(FP)
	RET
