package app

import (
	"context"
)

type CheckOptions struct {
	Logs []string
	Dry  bool
}
type RulesOptions struct{ Job string }

func Check(ctx context.Context, o Options, c CheckOptions, std Streams) error { return nil }
func GenerateConfig(ctx context.Context, o Options, std Streams) error        { return nil }
func GenerateRules(ctx context.Context, o Options, r RulesOptions, std Streams) error {
	return nil
}
func GenerateMtail(ctx context.Context, o Options, std Streams) error { return nil }
