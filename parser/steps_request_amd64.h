// A part of quickSteps in steps_amd64.s: the steps for request lines, targets and tokens.

	// A target that is a path and perhaps a query: R15 to AX. No quote may stand between R8 and AX.
target:
	FIND(R8, AX, TERMS, targetAgain, targetMore, targetFound)
	JMP within

	// The same up to a blank, or with a mark up to the end.
path:
	FIND(R8, AX, BLANKS, pathAgain, pathMore, pathFound)
	CMPB step_mark(DI), $0
	JEQ within
	CMPQ AX, R9
	JLT stop
	MOVQ R9, AX
	CMPQ R8, R9
	JGE stop
	JMP targetBegin

within:
	CMPQ AX, R9
	JGE stop

targetBegin:
	CMPB (SI)(R8*1), $'/'
	JNE stop
	MOVQ R8, R15
	JMP query

request:
	FIND(R8, AX, SLASHES, requestAgain, requestMore, requestFound)
	CMPQ AX, R8
	JEQ stop
	CMPB (SI)(AX*1), $' '
	JNE stop
	CMPB 1(SI)(AX*1), $'/'
	JNE stop
	LEAQ 1(AX), R15
	TESTB $const_givesMethod, step_gives(DI)
	JZ requestTarget
	PUT(const_Method, R8, AX)

requestTarget:
	FIND(R15, AX, BLANKS, protocolAgain, protocolMore, protocolFound)
	LEAQ 9(AX), BX
	CMPQ BX, R9
	JGE stop
	CMPB (SI)(AX*1), $' '
	JNE stop
	MOVQ 1(SI)(AX*1), BX              // HTTP/ and a version of digits 0 to 3; the literal is the quote
	MOVQ $const_httpMask, CX
	ANDQ CX, BX
	MOVQ $const_httpWant, CX
	CMPQ BX, CX
	JNE stop
	TESTB $const_givesProtocol, step_gives(DI)
	JZ query
	LEAL 2(AX), BX
	MOVL BX, (const_Protocol*value__size+value_off)(DX)
	LEAL 10(AX), BX
	MOVL BX, (const_Protocol*value__size+value_end)(DX)

query:
	MOVQ AX, R13                      // where the path ends
	MOVQ R8, R12
	VPBROADCASTB quote<>(SB), Y14
	VPBROADCASTB question<>(SB), Y15

	// Which of 64 bytes they are is not guessed: a text has a query or has none.
queryMore:
	VMOVDQU (SI)(R12*1), Y0
	VMOVDQU 32(SI)(R12*1), Y3
	VPCMPEQB Y0, Y14, Y1
	VPCMPEQB Y0, Y15, Y2
	VPCMPEQB Y3, Y14, Y4
	VPCMPEQB Y3, Y15, Y5
	VPMOVMSKB Y1, BX
	VPMOVMSKB Y4, CX
	SHLQ $32, CX
	ORQ CX, BX
	TZCNTQ BX, BX
	LEAQ (R12)(BX*1), BX
	CMOVQCS AX, BX
	CMPQ BX, AX
	JLT stop
	VPMOVMSKB Y2, BX
	VPMOVMSKB Y5, CX
	SHLQ $32, CX
	ORQ CX, BX
	TZCNTQ BX, BX
	LEAQ (R12)(BX*1), BX
	CMOVQCS AX, BX
	CMPQ BX, R13
	CMOVQLT BX, R13
	ADDQ $64, R12
	CMPQ R12, AX
	JLT queryMore
	CMPQ R13, R15
	JLT stop                          // a question mark in the method

	// As putPath.
	TESTB $const_givesTarget, step_gives(DI)
	JZ queryPath
	PUT(const_Target, R15, AX)

queryPath:
	TESTB $const_givesPath, step_gives(DI)
	JZ pathQuery
	PUT(const_Path, R15, R13)

	// Where slashes stand from R15 on, see Record.Route.
	MOVQ R15, CX
	SHRQ $6, CX
	MOVQ index_slash(R11)(CX*8), BX
	MOVQ (index_slash+8)(R11)(CX*8), CX
	SHRXQ R15, BX, BX
	ADDQ CX, CX
	MOVQ R15, R12
	NOTQ R12
	SHLXQ R12, CX, CX
	ORQ CX, BX
	MOVQ BX, (const_Path*value__size+value_num)(DX)

pathQuery:
	TESTB $const_givesQuery, step_gives(DI)
	JZ host
	MOVQ $0, (const_Query*value__size+value_off)(DX)
	LEAQ 1(R13), R13
	CMPQ R13, AX
	JGE host
	PUT(const_Query, R13, AX)

host:
	TESTB $const_givesHost, step_gives(DI)
	JZ targetEnd
	MOVQ $0, (const_Host*value__size+value_off)(DX)

targetEnd:
	CMPB step_code(DI), $const_stepRequest
	JNE literal
	ADDQ $9, AX
	NEXT(const_stepNone, stop)

	// A token up to the end.
rest:
	CMPQ R8, R9
	JGE stop
	CMPB (SI)(R8*1), $'-'
	JEQ stop
	FIND(R8, AX, BLANKS, restAgain, restMore, restFound)
	CMPQ AX, R9
	JLT stop
	MOVQ R9, AX
	JMP quotes

	// The same up to a blank.
token:
	CMPB (SI)(R8*1), $'-'
	JEQ stop
	FIND(R8, AX, BLANKS, tokenAgain, tokenMore, tokenFound)
	CMPQ AX, R8
	JEQ stop
	CMPQ AX, R9
	JGE stop

	// No quote may stand in a token.
quotes:
	MOVQ R8, R12
	VPBROADCASTB quote<>(SB), Y14

quoteMore:
	VPCMPEQB (SI)(R12*1), Y14, Y1
	VPMOVMSKB Y1, BX
	TZCNTL BX, BX
	JCC quoteFound
	ADDQ $32, R12
	CMPQ R12, AX
	JLT quoteMore
	JMP quoteNone

quoteFound:
	ADDQ R12, BX
	CMPQ BX, AX
	JLT stop

quoteNone:
	LEAL 1(AX), R12
	JMP store
