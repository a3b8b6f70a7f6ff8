// A part of quickSteps in steps_amd64.s: the steps for numbers.

// NUMBERS begins a step for numbers. Where they end is found in one go: bits of R12 are the bytes from R8 on that are no
// digits. R10 is guessed as by FIND.
#define NUMBERS(AGAIN, LOAD) \
	CMPQ R8, R9 \
	JGE stop \
	MOVQ R8, BX \
	SHRQ $6, BX \
	CMPQ BX, R10 \
	JNE AGAIN \
LOAD: \
	MOVQ index_other(R11)(R10*8), R12 \
	MOVQ (index_other+8)(R11)(R10*8), CX \
	MOVQ R8, BX \
	NOTQ BX \
	ADDQ CX, CX \
	SHRXQ R8, R12, R12 \
	SHLXQ BX, CX, CX \
	ORQ CX, R12 \
	MOVQ step_seq(DI), R13 \
	LEAQ (SI)(R8*1), R14

// SEPARATOR goes on with the next number when what stands at AX, from R8, is the separator in front of it.
#define SEPARATOR(MORE) \
	MOVBLZX (R14)(AX*1), BX \
	ADDQ $quickInt__size, R13 \
	CMPL BX, (quickInt_sep-quickInt__size)(R13) \
	JEQ MORE \
	CMPL (quickInt_sep-quickInt__size)(R13), $const_noSep \
	JNE stop

// Numbers that nobody wants: only the separators are looked at. R15 has a bit for each byte that is no digit and stands
// where a number should begin.
skip:
	NUMBERS(skipAgain, skipLoad)
	LEAQ 1(R12)(R12*1), R15
	ANDQ R12, R15

skipped:
	TZCNTQ R12, AX
	BLSRQ R12, R12
	SEPARATOR(skipped)
	MOVQ AX, CX
	NOTQ CX
	SHLXQ CX, R15, BX                 // those up to AX
	TESTQ BX, BX
	JNE stop
	CMPB AX, step_n(DI)
	JHI stop                          // one may have more digits than a number can, or does not end among the 64
	ADDQ R8, AX
	NEXT(const_stepRequest, request)

// R15 is where a number begins, from R8.
ints:
	NUMBERS(intsAgain, intsLoad)
	LEAQ digits<>+64(SB), R10
	VMOVQ 0(R10), X8
	VMOVQ 8(R10), X9
	VMOVQ 16(R10), X10
	VMOVQ 24(R10), X11
	XORL R15, R15

number:
	TZCNTQ R12, AX                    // where it ends
	BLSRQ R12, R12
	MOVQ R15, CX
	SUBQ AX, CX
	CMPQ CX, $-8
	JCS sign                          // none, or more than eight digits
	CMPQ R15, $(const_maskSize - 9)
	JHI stop                          // the eight bytes from there and the separator may not be among the 64
	MOVWLZX quickInt_at(R13), BX
	TESTL BX, BX
	JZ separator

	// As digits8, by other parts of the processor than the rest: the digits are shuffled to the end of eight bytes.
	VMOVQ (R14)(R15*1), X0
	VMOVQ (R10)(CX*8), X1
	VPSHUFB X1, X0, X0
	VPAND X8, X0, X0
	VPMADDUBSW X9, X0, X0
	VPMADDWD X10, X0, X0
	VPACKUSDW X0, X0, X0
	VPMADDWD X11, X0, X0
	VMOVQ X0, value_num(DX)(BX*1)

known:
	LEAL (const_vNumber+1)(R8)(R15*1), CX
	MOVL CX, value_off(DX)(BX*1)
	LEAL 1(R8)(AX*1), CX
	MOVL CX, value_end(DX)(BX*1)

separator:
	LEAQ 1(AX), R15
	SEPARATOR(number)
	MOVQ R8, R10
	SHRQ $6, R10
	ADDQ R8, AX
	NEXT(const_stepUsual, usual)

	// The -1 of what did not take place: its two bytes, then one that is no digit.
sign:
	CMPQ R15, AX
	JNE stop
	CMPQ R15, $(const_maskSize - 9)
	JHI stop
	CMPB (R14)(AX*1), $'-'
	JNE stop
	CMPB 1(R14)(AX*1), $'1'
	JNE stop
	CMPB quickInt_minus(R13), $0
	JEQ stop
	TZCNTQ R12, AX
	BLSRQ R12, R12
	LEAQ 2(R15), CX
	CMPQ AX, CX
	JNE stop
	MOVWLZX quickInt_at(R13), BX
	MOVQ $-1, value_num(DX)(BX*1)
	JMP known

skipAgain:
	MOVQ BX, R10
	JMP skipLoad

intsAgain:
	MOVQ BX, R10
	JMP intsLoad
