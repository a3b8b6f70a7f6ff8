package app

import (
	"context"
)

func GenerateMtail(ctx context.Context, o Options, std Streams) error { return nil }
