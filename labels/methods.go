package labels

// Other is the label value that stands for every value that is not admitted on its own.
const Other = "other"

// Methods returns the registered HTTP methods (IANA's HTTP Method Registry). The label method is closed
// to them: a client can send any token as a method.
func Methods() []string {
	return []string{
		"ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "CONNECT", "COPY", "DELETE", "GET", "HEAD", "LABEL",
		"LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "OPTIONS",
		"ORDERPATCH", "PATCH", "POST", "PRI", "PROPFIND", "PROPPATCH", "PUT", "QUERY", "REBIND", "REPORT", "SEARCH", "TRACE",
		"UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL",
	}
}

// Method returns the method as a label value: a registered method as it is, "" when there was none
// ("<BADREQ>"), "other" for anything else. It does not allocate.
func Method(b []byte) string {
	// The methods that make up nearly all traffic come first.
	switch string(b) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	case "PUT":
		return "PUT"
	case "DELETE":
		return "DELETE"
	case "HEAD":
		return "HEAD"
	case "OPTIONS":
		return "OPTIONS"
	case "PATCH":
		return "PATCH"
	case "CONNECT":
		return "CONNECT"
	case "TRACE":
		return "TRACE"
	case "", "<BADREQ>":
		return ""
	}
	return rareMethod(b)
}

func rareMethod(b []byte) string {
	for _, m := range Methods() {
		if m == string(b) {
			return m
		}
	}
	return Other
}
