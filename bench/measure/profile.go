package measure

import (
	"bytes"
	"runtime/pprof"

	"github.com/google/pprof/profile"
)

// Share does a thing n times and gives the part of the processor's time that
// was spent within the functions that are meant, and not in what they call.
// Functions that were inlined count as themselves.
func Share(n int, do func(i int), meant func(function string) bool) (float64, error) {
	var b bytes.Buffer
	if err := pprof.StartCPUProfile(&b); err != nil {
		return 0, err
	}
	for i := range n {
		do(i)
	}
	pprof.StopCPUProfile()
	p, err := profile.Parse(&b)
	if err != nil {
		return 0, err
	}
	within, all := 0.0, 0.0
	for _, sample := range p.Sample {
		all += float64(sample.Value[0])
		if len(sample.Location) > 0 && meant(sample.Location[0].Line[0].Function.Name) {
			within += float64(sample.Value[0])
		}
	}
	return within / max(all, 1), nil
}
