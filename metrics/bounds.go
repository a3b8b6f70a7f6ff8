package metrics

// Bounds returns the upper bounds of the histograms in seconds, ascending, without +Inf: those asked for or the
// default ones, and those that the timeouts of the SLAs add.
func (o *Options) Bounds() []float64 {
	var seconds []float64
	for _, ms := range newBuckets(o.Buckets, o.SLAs).bounds {
		seconds = append(seconds, float64(ms)/1000)
	}
	return seconds
}
