package measure

import (
	"syscall"
	"time"
)

// Processor is the time that all processors together have spent on this process.
// Others on the machine hardly show in it, and the collector, which works beside
// the program, does.
func Processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // only for an argument that is wrong
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Wall gives the time on the wall since it was called.
func Wall() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
