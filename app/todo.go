package app

import (
	"context"
)

func GenerateConfig(ctx context.Context, o Options, std Streams) error { return nil }
func GenerateMtail(ctx context.Context, o Options, std Streams) error  { return nil }
