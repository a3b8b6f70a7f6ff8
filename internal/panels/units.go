package panels

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// format shows a value in a unit about as Grafana does.
func format(v float64, unit string, decimals int) string {
	if math.IsNaN(v) {
		return "NaN"
	}
	switch unit {
	case "percentunit":
		return trim(v*100, decimals) + "%"
	case "percent":
		return trim(v, decimals) + "%"
	case "s":
		return duration(v, decimals)
	case "bytes", "Bps":
		s := scaled(v, 1024, []string{" B", " KiB", " MiB", " GiB"}, decimals)
		if unit == "Bps" {
			s += "/s"
		}
		return s
	case "reqps":
		return scaled(v, 1000, []string{"", "K", "M"}, decimals) + " req/s"
	case "ops", "cps":
		return scaled(v, 1000, []string{"", "K", "M"}, decimals) + " " + unit[:1] + "/s"
	}
	return scaled(v, 1000, []string{"", " K", " Mil", " Bil"}, decimals)
}

func scaled(v, base float64, names []string, decimals int) string {
	i := 0
	for math.Abs(v) >= base && i < len(names)-1 {
		v, i = v/base, i+1
	}
	return trim(v, decimals) + names[i]
}

func duration(v float64, decimals int) string {
	a := math.Abs(v)
	switch {
	case a == 0:
		return "0 s"
	case a < 1:
		return trim(v*1000, decimals) + " ms"
	case a < 60:
		return trim(v, decimals) + " s"
	case a < 3600:
		return trim(v/60, decimals) + " mins"
	case a < 86400:
		return trim(v/3600, decimals) + " hours"
	}
	return trim(v/86400, decimals) + " days"
}

// trim gives three digits that say something, or a fixed number of decimals.
func trim(v float64, decimals int) string {
	if decimals < 0 {
		if v == 0 {
			return "0"
		}
		decimals = min(max(2-int(math.Floor(math.Log10(math.Abs(v)))), 0), 4)
		s := strconv.FormatFloat(v, 'f', decimals, 64)
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// ticks are round values between low and high.
func ticks(low, high float64, n int, unit string) []float64 {
	if !(high > low) {
		high = low + 1
	}
	raw := (high - low) / float64(n)
	scale := math.Pow(10, math.Floor(math.Log10(raw)))
	step := scale
	for _, f := range []float64{1, 2, 2.5, 5, 10} {
		step = f * scale
		if step >= raw {
			break
		}
	}
	if unit == "s" && raw > 1 {
		for _, s := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400} {
			if s >= raw {
				step = s
				break
			}
		}
	}
	var out []float64
	for v := math.Ceil(low/step) * step; v <= high+step*1e-6; v += step {
		out = append(out, v)
	}
	return out
}

func px(v float64) string { return fmt.Sprintf("%.1f", v) }
