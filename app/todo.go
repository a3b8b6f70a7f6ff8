package app

import (
	"context"
	"time"
)

type CheckOptions struct {
	Logs []string
	Dry  bool
}
type ExplainOptions struct {
	Log  string
	JSON bool
}
type BackfillOptions struct {
	Logs   []string
	Step   time.Duration
	Zone   string
	Labels map[string]string
}
type RulesOptions struct{ Job string }

func Check(ctx context.Context, o Options, c CheckOptions, std Streams) error       { return nil }
func Explain(ctx context.Context, o Options, c ExplainOptions, std Streams) error   { return nil }
func Backfill(ctx context.Context, o Options, c BackfillOptions, std Streams) error { return nil }
func GenerateConfig(ctx context.Context, o Options, std Streams) error              { return nil }
func GenerateRules(ctx context.Context, o Options, r RulesOptions, std Streams) error {
	return nil
}
func GenerateMtail(ctx context.Context, o Options, std Streams) error { return nil }
