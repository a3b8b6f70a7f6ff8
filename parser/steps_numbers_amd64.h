// A part of quickSteps in steps_amd64.s: the steps for numbers.

	// Where numbers end is found in one go: bits of R12 are the bytes from R8 on that are no digits.
ints:
	VPBROADCASTB zero<>(SB), Y12
	VPBROADCASTB nine<>(SB), Y13
	VMOVDQU (SI)(R8*1), Y0
	VMOVDQU 32(SI)(R8*1), Y1
	VPSUBB Y12, Y0, Y2
	VPSUBB Y12, Y1, Y3
	VPMINUB Y13, Y2, Y4
	VPMINUB Y13, Y3, Y5
	VPCMPEQB Y2, Y4, Y2
	VPCMPEQB Y3, Y5, Y3
	VPMOVMSKB Y2, R12
	VPMOVMSKB Y3, BX
	VZEROUPPER
	SHLQ $32, BX
	ORQ BX, R12
	NOTQ R12
	MOVQ step_seq(DI), R13
	LEAQ (SI)(R8*1), R14
	XORL R15, R15                     // where the number begins, from R8
	CMPB step_n(DI), $0
	JEQ number

	// Numbers that nobody wants: only the separators are looked at. R15 has a bit for each byte that is no digit and
	// stands where a number should begin.
	LEAQ 1(R12)(R12*1), R15
	ANDQ R12, R15

skipped:
	TZCNTQ R12, AX
	JCS stop
	BLSRQ R12, R12
	MOVBLZX quickInt_sep(R13), BX
	TESTL BX, BX
	JZ lastSkipped
	CMPB (R14)(AX*1), BX
	JNE stop
	ADDQ $quickInt__size, R13
	JMP skipped

lastSkipped:
	MOVQ AX, CX
	NOTQ CX
	SHLXQ CX, R15, BX                 // those up to AX
	TESTQ BX, BX
	JNE stop
	CMPB AX, step_n(DI)
	JHI stop                          // one may have more digits than a number can
	ADDQ R8, AX
	JMP literal

number:
	TZCNTQ R12, AX                    // where it ends
	BLSRQ R12, R12
	MOVQ AX, CX
	SUBQ R15, CX
	LEAQ -1(CX), BX
	CMPQ BX, $7
	JHI sign                          // none, or more than eight digits
	CMPQ R15, $(const_maskSize - 9)
	JHI stop                          // the eight bytes from there and the separator may not be among the 64
	MOVWLZX quickInt_at(R13), BX
	TESTL BX, BX
	JZ separator

	// As digits8, of the eight bytes from the number on: shifted so that its last digit comes last.
	SHLL $3, CX
	NEGQ CX
	SHLXQ CX, (R14)(R15*1), CX
	ANDQ digits<>+0(SB), CX
	IMUL3Q $(10<<8 + 1), CX, CX
	SHRQ $8, CX
	ANDQ digits<>+8(SB), CX
	IMUL3Q $(100<<16 + 1), CX, CX
	SHRQ $16, CX
	ANDQ digits<>+16(SB), CX
	IMULQ digits<>+24(SB), CX
	SHRQ $32, CX

numberKnown:
	MOVQ CX, value_num(DX)(BX*1)
	LEAL 1(R8)(R15*1), CX
	ORL $const_vNumber, CX
	MOVL CX, value_off(DX)(BX*1)
	LEAL 1(R8)(AX*1), CX
	MOVL CX, value_end(DX)(BX*1)

separator:
	LEAQ 1(AX), R15
	MOVBLZX quickInt_sep(R13), BX
	TESTL BX, BX
	JZ lastNumber
	CMPB (R14)(AX*1), BX
	JNE stop
	ADDQ $quickInt__size, R13
	JMP number

lastNumber:
	ADDQ R8, AX
	JMP literal

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
	MOVQ $-1, CX
	MOVWLZX quickInt_at(R13), BX
	TESTL BX, BX
	JNZ numberKnown
	JMP separator
