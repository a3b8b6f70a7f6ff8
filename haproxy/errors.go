package haproxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
)

// Reason says why an exchange with a socket failed; it is the value of the label reason.
type Reason string

// The reasons. Their number is fixed: nothing that a socket answers can add one.
const (
	ReasonDial      Reason = "dial"        // nobody listens, no such file, no permission
	ReasonTimeout   Reason = "timeout"     // not everything came in time
	ReasonCut       Reason = "cut"         // the reply ended early
	ReasonRefused   Reason = "refused"     // HAProxy does not know or not allow the command
	ReasonNotATable Reason = "not_a_table" // the reply is not what was asked for
	ReasonTooLarge  Reason = "too_large"   // the reply is longer than the limit
	reasonGone      Reason = "gone"        // the worker that was asked has finished; not an error of the socket
)

// Reasons returns every value of the label reason.
func Reasons() []Reason {
	return []Reason{ReasonDial, ReasonTimeout, ReasonCut, ReasonRefused, ReasonNotATable, ReasonTooLarge}
}

// Error is a failed exchange with a socket.
type Error struct {
	Socket string // as configured
	Reason Reason
	Err    error
}

// Error names the socket, what happened, and what to look at.
func (e *Error) Error() string {
	return fmt.Sprintf("runtime socket %s: %s: %v%s", e.Socket, e.Reason, e.Err, e.hint())
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func (e *Error) hint() string {
	switch {
	case errors.Is(e.Err, os.ErrPermission):
		return " (the exporter's user may not connect: give the socket a mode and group it belongs to)"
	case errors.Is(e.Err, os.ErrNotExist):
		return " (no such socket: is HAProxy running, and is the path that of its `stats socket` line?)"
	case e.Reason == ReasonRefused:
		return " (this command is not answered here: a master socket takes other commands than a stats socket)"
	}
	return ""
}

// ReasonOf returns the reason of an error of this package, "" for nil, and ReasonDial for a foreign one.
func ReasonOf(err error) Reason {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ReasonDial
}

// wrapIO gives an error of the network its reason; otherwise is the reason of what is not a timeout.
func wrapIO(socket string, err error, otherwise Reason) *Error {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout() {
		return &Error{Socket: socket, Reason: ReasonTimeout, Err: err}
	}
	return &Error{Socket: socket, Reason: otherwise, Err: err}
}
