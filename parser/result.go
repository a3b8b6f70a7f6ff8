package parser

// Result says what became of a line. The order is that of the values of the label result
// (catalogue.LineResults); String returns those values.
type Result uint8

// The first two are counted; the next five are recognised lines that are no requests; the rest
// are refusals.
const (
	ResultHTTP           Result = iota // an HTTP request
	ResultTCP                          // a TCP session
	ResultNotice                       // a process event: "Proxy x started."
	ResultHealthCheck                  // a health check's or a server's change of state
	ResultHandshakeError               // a connection that failed before any request
	ResultConnect                      // "Connect from …": no log format is set
	ResultLogStep                      // a line of log-steps that is not the closing one
	ResultNoEnvelope                   // no syslog header, no message
	ResultLiteral                      // text of the format is not where it should be
	ResultValue                        // a value does not fit its field
	ResultCut                          // the line ends before what is needed was written
	ResultJSON                         // the JSON of a JSON format cannot be read
	ResultTooLong                      // longer than MaxLine or the reader's limit
	ResultEmpty                        // no bytes
	NumResults
)

// String returns the value of the label result.
func (r Result) String() string {
	switch r {
	case ResultHTTP:
		return "http"
	case ResultTCP:
		return "tcp"
	case ResultNotice:
		return "notice"
	case ResultHealthCheck:
		return "health_check"
	case ResultHandshakeError:
		return "handshake_error"
	case ResultConnect:
		return "connect"
	case ResultLogStep:
		return "log_step"
	case ResultNoEnvelope:
		return "no_envelope"
	case ResultLiteral:
		return "literal_mismatch"
	case ResultValue:
		return "bad_value"
	case ResultCut:
		return "cut"
	case ResultJSON:
		return "bad_json"
	case ResultTooLong:
		return "too_long"
	case ResultEmpty:
		return "empty"
	}
	return "unknown"
}

// Counted reports whether the line is a request or a session. Everything else is only explained.
func (r Result) Counted() bool { return r <= ResultTCP }

// Refused reports whether the line was not understood.
func (r Result) Refused() bool { return r >= ResultNoEnvelope }
