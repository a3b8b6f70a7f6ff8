//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// The quick steps, see steps.go for what each of them reads. Registers, from the first step to the last, which is always
// stepNone:
//
//	SI  the message, with slack behind it      R9   its length
//	R8  where the step at hand begins          DX   the values of the Record
//	DI  the step at hand                       R11  the index
//
// AX is where the field ends; the other registers are scratch. A step that cannot take what it finds goes to stop
// before it has changed R8 or DI; what it has stored then does not count. R8 may be some bytes behind the end of the
// message: masks there have all bits, and nothing that ends behind R9 is taken.

// Bytes to be spread over a register.
DATA quote<>+0(SB)/1, $0x22
GLOBL quote<>(SB), RODATA|NOPTR, $1
DATA question<>+0(SB)/1, $0x3f
GLOBL question<>(SB), RODATA|NOPTR, $1

// How to shuffle N digits to the end of eight bytes: the row that begins N*8 bytes before the middle. Behind it, what makes
// a number of them: what a digit leaves of its byte, then the weights of two digits, two pairs and two fours.
DATA digits<>+0(SB)/8, $0x0706050403020100
DATA digits<>+8(SB)/8, $0x0605040302010080
DATA digits<>+16(SB)/8, $0x0504030201008080
DATA digits<>+24(SB)/8, $0x0403020100808080
DATA digits<>+32(SB)/8, $0x0302010080808080
DATA digits<>+40(SB)/8, $0x0201008080808080
DATA digits<>+48(SB)/8, $0x0100808080808080
DATA digits<>+56(SB)/8, $0x0080808080808080
DATA digits<>+64(SB)/8, $const_digits8a
DATA digits<>+72(SB)/8, $0x010a010a010a010a
DATA digits<>+80(SB)/8, $0x0001006400010064
DATA digits<>+88(SB)/8, $0x0000000000012710
GLOBL digits<>(SB), RODATA|NOPTR, $96

// FIND sets TO to the place of the first bit from FROM on in the masks that LOAD puts into BX, from word CX of the
// index on. FROM is guessed to be in the word where the field before ended, R10: then that is loaded before FROM is known,
// which is what steps wait for. TZCNT sets the carry flag when there is no bit.
#define FIND(FROM, TO, LOAD, AGAIN, MORE, FOUND) \
	MOVQ FROM, BX \
	SHRQ $6, BX \
	MOVQ R10, CX \
	CMPQ BX, R10 \
	JNE AGAIN \
	LOAD \
	SHRXQ FROM, BX, BX \
	TZCNTQ BX, BX \
	LEAQ (FROM)(BX*1), TO \
	JCC FOUND \
MORE: \
	INCQ CX \
	LOAD \
	TESTQ BX, BX \
	JZ MORE \
	MOVQ CX, R10 \
	TZCNTQ BX, BX \
	SHLQ $6, CX \
	LEAQ (BX)(CX*1), TO \
	JMP FOUND \
AGAIN: \
	MOVQ BX, R10 \
	MOVQ BX, CX \
	LOAD \
	SHRXQ FROM, BX, BX \
	TZCNTQ BX, BX \
	LEAQ (FROM)(BX*1), TO \
	JCS MORE \
FOUND:

#define BLANKS \
	MOVQ index_blank(R11)(CX*8), BX

#define SLASHES \
	MOVQ index_blank(R11)(CX*8), BX \
	ORQ index_slash(R11)(CX*8), BX

#define TERMS \
	MOVQ index_odd(R11)(CX*8), BX \
	ANDQ step_odd(DI), BX \
	ORQ index_term(R11)(CX*8), BX \
	ORQ index_blank(R11)(CX*8), BX

// PUT stores the text FROM to TO of a field.
#define PUT(FIELD, FROM, TO) \
	LEAL 1(FROM), BX \
	MOVL BX, (FIELD*value__size+value_off)(DX) \
	LEAL 1(TO), BX \
	MOVL BX, (FIELD*value__size+value_end)(DX)

// STORE stores the text R8 to END, less one, of the step's field.
#define STORE(END) \
	MOVWLZX step_at(DI), CX \
	LEAL 1(R8), BX \
	MOVL BX, value_off(DX)(CX*1) \
	MOVL END, value_end(DX)(CX*1) \
	MOVQ $0, value_num(DX)(CX*1)

// LITERAL looks for the literal at AX and goes on behind it.
#define LITERAL \
	CMPQ AX, R9 \
	JHI stop \
	MOVQ (SI)(AX*1), BX \
	XORQ step_lit8(DI), BX \
	TESTQ step_mask8(DI), BX \
	JNE stop \
	MOVBLZX step_lit(DI), R8 \
	ADDQ AX, R8 \
	ADDQ $step__size, DI

// NEXT is LITERAL and takes the next step: a guess is cheaper than to look for its code, and much cheaper than a jump to
// an address from a table.
#define NEXT(CODE, GUESS) \
	LITERAL \
	CMPB step_code(DI), $CODE \
	JEQ GUESS \
	JMP next

// NAMED is the rest of a step for a name but for NEXT. The mark of TLS behind a frontend's name does not belong to it.
#define NAMED(WHOLE) \
	CMPQ AX, R8 \
	JEQ stop \
	CMPB (SI)(R8*1), $'-' \
	JEQ stop \
	LEAL 1(AX), R12 \
	CMPB step_tilde(DI), $0 \
	JEQ WHOLE \
	CMPB -1(SI)(AX*1), $'~' \
	JNE WHOLE \
	DECL R12 \
WHOLE: \
	STORE(R12)

// func quickSteps(x *index, steps *step, k int, b *byte, e, i int, v *[quickSlot]value) (int, int)
TEXT ·quickSteps(SB), NOSPLIT, $0-72
	MOVQ x+0(FP), R11
	MOVQ steps+8(FP), DI
	MOVQ k+16(FP), AX
	MOVQ b+24(FP), SI
	MOVQ e+32(FP), R9
	MOVQ i+40(FP), R8
	MOVQ v+48(FP), DX
	SHLQ $const_stepShift, AX
	ADDQ AX, DI
	XORL R10, R10

next:
	MOVBLZX step_code(DI), AX
	CMPL AX, $const_stepInts
	JEQ ints
	JB short
	CMPL AX, $const_stepBare
	JAE rare
	CMPL AX, $const_stepAddr
	JEQ addr
	JA request
	CMPL AX, $const_stepSkip
	JEQ skip
	JMP date

short:
	CMPL AX, $const_stepPart
	JEQ part
	CMPL AX, $const_stepNone
	JEQ stop

word:
	FIND(R8, AX, BLANKS, wordAgain, wordMore, wordFound)
	NAMED(wordWhole)
	NEXT(const_stepPart, part)

part:
	FIND(R8, AX, SLASHES, partAgain, partMore, partFound)
	NAMED(partWhole)
	LITERAL
	CMPB step_code(DI), $const_stepPart
	JEQ part
	CMPB step_code(DI), $const_stepInts
	JEQ ints
	JMP next

rare:
	CMPL AX, $const_stepUsual
	JEQ usual

unusual:
	CMPL AX, $const_stepName
	JEQ name
	CMPL AX, $const_stepBare
	JEQ bare
	CMPL AX, $const_stepAddrTerm
	JEQ addrTerm
	CMPL AX, $const_stepDash
	JEQ dash
	CMPL AX, $const_stepState
	JEQ state
	CMPL AX, $const_stepTarget
	JEQ target
	CMPL AX, $const_stepPath
	JEQ path
	CMPL AX, $const_stepMethod
	JEQ method
	CMPL AX, $const_stepToken
	JEQ token
	JMP rest

name:
	FIND(R8, AX, TERMS, nameAgain, nameMore, nameFound)
	CMPB (SI)(R8*1), $'<'
	JNE named
	CMPW step_at(DI), $(const_Method*value__size)
	JEQ stop // <BADREQ>

named:
	NAMED(nameWhole)
	NEXT(const_stepName, name)

	// Up to sixteen bytes, neither a slash nor a quote among them.
method:
	FIND(R8, AX, SLASHES, methodAgain, methodMore, methodFound)
	MOVQ AX, CX
	SUBQ R8, CX
	CMPQ CX, $16
	JHI stop
	VPBROADCASTB quote<>(SB), X1
	VPCMPEQB (SI)(R8*1), X1, X1
	VPMOVMSKB X1, BX
	BZHIL CX, BX, BX
	TESTL BX, BX
	JNZ stop
	CMPB (SI)(R8*1), $'<'
	JNE named
	JMP stop // <BADREQ>

dash:
	CMPB (SI)(R8*1), $'-'
	JNE stop
	LEAQ 1(R8), AX
	MOVWLZX step_at(DI), CX
	MOVQ $0, value_off(DX)(CX*1)
	MOVQ $0, value_num(DX)(CX*1)
	JMP literal

bare:
	CMPQ R8, R9
	JGE stop
	CMPB (SI)(R8*1), $'{'
	JEQ stop
	TESTQ R8, R8
	JZ stop
	CMPB -1(SI)(R8*1), $' '
	JNE stop
	MOVQ R8, AX
	JMP literal

state:
	LEAQ ·stateBytes(SB), R13
	MOVBLZX (SI)(R8*1), BX
	MOVBLZX (R13)(BX*1), AX
	MOVBLZX 1(SI)(R8*1), BX
	ANDB (R13)(BX*1), AX
	TESTB $1, AX
	JZ stop
	CMPB step_n(DI), $4
	JNE stateEnd
	MOVBLZX 2(SI)(R8*1), BX
	MOVBLZX (R13)(BX*1), AX
	MOVBLZX 3(SI)(R8*1), BX
	ANDB (R13)(BX*1), AX
	TESTB $2, AX
	JZ stop

stateEnd:
	MOVBLZX step_n(DI), AX
	ADDQ R8, AX
	LEAL 1(AX), R12

store:
	STORE(R12)

literal:
	NEXT(const_stepName, name)

	// As dateAt.
date:
	CMPB 2(SI)(R8*1), $'/'
	JNE stop
	CMPB 6(SI)(R8*1), $'/'
	JNE stop
	CMPB 11(SI)(R8*1), $':'
	JNE stop
	CMPB 17(SI)(R8*1), $':'
	JNE stop
	MOVBLZX step_mark(DI), BX
	CMPB 20(SI)(R8*1), BX
	JNE stop
	MOVBLZX (SI)(R8*1), BX
	SUBL $'0', BX
	CMPL BX, $9
	JHI stop
	MOVBLZX step_n(DI), AX
	ADDQ R8, AX
	MOVBLZX -1(SI)(AX*1), BX
	SUBL $'0', BX
	CMPL BX, $9
	JHI stop
	LEAL 1(AX), R12
	STORE(R12)
	NEXT(const_stepWord, word)

addrTerm:
	FIND(R8, AX, TERMS, addrTermAgain, addrTermMore, addrTermFound)
	JMP port

addr:
	FIND(R8, AX, BLANKS, addrAgain, addrMore, addrFound)

	// As portBefore.
port:
	LEAQ -9(AX), BX
	CMPQ BX, R8
	JLT stop
	MOVQ $0x3030303030303030, R12
	XORQ -8(SI)(AX*1), R12
	MOVQ $0x8080808080808080, R13
	ANDNQ R12, R13, BX
	MOVQ $0x7676767676767676, CX
	ADDQ CX, BX
	ORQ R12, BX
	ANDQ R13, BX
	JZ stop
	BSRQ BX, BX
	SHRQ $3, BX
	CMPQ BX, $7
	JEQ stop // no digit behind the colon
	ADDQ AX, BX
	CMPB -8(SI)(BX*1), $':'
	JNE stop
	MOVBLZX (SI)(R8*1), BX
	LEAL -'0'(BX), CX
	CMPL CX, $(':'-'0') // 0 to 9 and the colon behind them
	JLS portEnd
	CMPL BX, $'-'
	JEQ portEnd
	ORL $0x20, BX
	SUBL $'a', BX
	CMPL BX, $('z'-'a')
	JHI stop

portEnd:
	NEXT(const_stepDate, date)

	// What is usual, else the step itself.
usual:
	MOVQ step_usual(DI), R13
	MOVBLZX step_plain(DI), AX
	VMOVDQU usual_text(R13), X0
	VPXOR (SI)(R8*1), X0, X0
	VPTEST usual_mask(R13), X0
	JNE unusual
	MOVQ usual_values(R13), R12
	MOVQ (usual_values+8)(R13), CX

usualValue:
	SUBQ $1, CX
	JCS usualEnd
	MOVWLZX usualValue_at(R12), R15
	LEAL 1(R8), AX
	MOVL AX, BX
	ADDL usualValue_from(R12), AX
	ADDL usualValue_to(R12), BX
	ANDL usualValue_present(R12), AX
	ANDL usualValue_present(R12), BX
	MOVL AX, value_off(DX)(R15*1)
	MOVL BX, value_end(DX)(R15*1)
	MOVQ $0, value_num(DX)(R15*1)
	ADDQ $usualValue__size, R12
	JMP usualValue

usualEnd:
	ADDQ usual_len(R13), R8
	ADDQ usual_size(R13), DI
	CMPB step_code(DI), $const_stepSkip
	JEQ skip
	JMP next

#include "steps_numbers_amd64.h"

#include "steps_request_amd64.h"

stop:
	VZEROUPPER
	SUBQ steps+8(FP), DI
	SHRQ $const_stepShift, DI
	MOVQ DI, ret+56(FP)
	MOVQ R8, ret1+64(FP)
	RET
