package parser

type op struct{}

func (p *Program) assemble() {}
