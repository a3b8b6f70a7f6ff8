package app

import (
	"context"
)

type RulesOptions struct{ Job string }

func GenerateConfig(ctx context.Context, o Options, std Streams) error { return nil }
func GenerateRules(ctx context.Context, o Options, r RulesOptions, std Streams) error {
	return nil
}
func GenerateMtail(ctx context.Context, o Options, std Streams) error { return nil }
