package parser

import (
	"strings"

	"haproxy_log_exporter/internal/diag"
)

// exprEnd returns the index of the bracket that ends the expression starting at i, -1 when there
// is none. An expression is a fetch and converters, each perhaps with arguments; brackets, quotes,
// commas and percent signs inside the arguments belong to them, as in ltime(%H:%M]).
func exprEnd(s string, i int) int {
	for i < len(s) {
		switch s[i] {
		case ']':
			return i
		case '(':
			if i = argsEnd(s, i+1); i < 0 {
				return -1
			}
		}
		i++
	}
	return -1
}

// argsEnd returns the index of the parenthesis that closes the argument list whose text starts at i:
// the first one that is neither quoted nor escaped. Lists do not nest.
func argsEnd(s string, i int) int {
	for ; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			i++
		case '"', '\'':
			if end := quoteEnd(s, i+1, c); end > 0 {
				i = end
			}
		case ')':
			return i
		}
	}
	return -1
}

// quoteEnd returns the index of the closing quote, -1 when the quote stands alone (an apostrophe).
func quoteEnd(s string, i int, q byte) int {
	for ; i < len(s); i++ {
		if s[i] == '\\' && q == '"' {
			i++
		} else if s[i] == q {
			return i
		}
	}
	return -1
}

// splitExpr returns the fetch of an expression, without arguments, and its converters.
func splitExpr(expr string) (fetch, args string, convs []string) {
	var parts []string
	start := 0
	for i := 0; i < len(expr); i++ {
		switch expr[i] {
		case '(':
			if end := argsEnd(expr, i+1); end > 0 {
				i = end
			}
		case ',':
			parts = append(parts, expr[start:i])
			start = i + 1
		}
	}
	parts = append(parts, expr[start:])
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	fetch, args, _ = strings.Cut(parts[0], "(")
	return fetch, strings.TrimSuffix(args, ")"), parts[1:]
}

// exprField says what an expression means, FieldNone when nothing canonical.
func exprField(expr string) Field {
	fetch, args, convs := splitExpr(expr)
	for _, c := range convs {
		name, _, _ := strings.Cut(c, "(")
		if name != "json" {
			return FieldNone // converted: no longer what the fetch is
		}
	}
	switch fetch {
	case "src":
		return ClientAddr
	case "src_port":
		return ClientPort
	case "dst":
		return FrontendAddr
	case "dst_port":
		return FrontendPort
	case "fe_name":
		return Frontend
	case "be_name":
		return Backend
	case "srv_name":
		return Server
	case "method", "capture.req.method":
		return Method
	case "path":
		return Path
	case "pathq", "url", "capture.req.uri":
		return Target
	case "query":
		return Query
	case "capture.req.ver", "req.ver":
		return Protocol
	case "status", "txn.status":
		return Status
	case "unique-id":
		return UniqueID
	case "fc_err":
		return FrontendError
	case "ssl_fc_protocol":
		return TLSVersion
	case "ssl_fc_cipher":
		return TLSCipher
	case "hostname":
		return Hostname
	case "pid":
		return ProcessID
	case "req.hdr", "hdr", "req.fhdr":
		if strings.EqualFold(args, "host") {
			return Host
		}
	case "bytes_out", "res.bytes_out":
		return BytesSent
	case "req.timer.queue":
		return TimeQueue
	}
	return FieldNone
}

// exprClass says what an expression can print. Only what HAProxy computes by itself gets a class;
// everything else may be what a client sent.
func exprClass(expr string) (c class, escaped bool) {
	fetch, _, convs := splitExpr(expr)
	last := ""
	if len(convs) > 0 {
		last, _, _ = strings.Cut(convs[len(convs)-1], "(")
	}
	switch last {
	case "json":
		return clsText, true
	case "hex":
		return clsHex, false
	case "base64":
		return clsToken, false
	case "length", "bytes_length", "count", "strcmp", "crc32", "xxh32", "djb2", "wt6", "and", "or", "xor", "add", "sub", "mul", "div", "mod", "neg", "cpl", "bool", "not", "even", "odd":
		return clsOptInt, false
	case "":
	default:
		return clsText, false
	}
	switch fetch {
	case "src", "dst", "fc_src", "fc_dst", "bc_src", "bc_dst":
		return clsAddr, false
	case "fe_name", "be_name", "srv_name", "uuid", "hostname", "ssl_fc_protocol", "ssl_fc_cipher", "ssl_bc_protocol", "ssl_bc_cipher":
		return clsWord, false
	case "method", "capture.req.method", "capture.req.ver", "req.ver":
		return clsToken, false
	case "status", "txn.status", "fc_err", "bc_err", "fc_http_major", "bc_http_major", "ssl_c_verify", "ssl_c_ca_err_depth",
		"src_port", "dst_port", "fc_rtt", "fc_rttvar", "fc_retrans", "fc_reordering", "fc_lost", "fc_sacked", "fc_unacked", "fc_fackets",
		"fc_glitches", "bc_glitches", "fc_nb_streams", "fc_conn_cur", "ssl_fc_is_resumed", "ssl_bc_is_resumed", "ssl_fc", "ssl_bc",
		"ssl_c_used", "ssl_c_err", "ssl_c_ca_err", "ssl_fc_err", "ssl_bc_err", "rand", "pid", "nbproc", "date", "last_rule_line", "be_id", "fe_id", "srv_id":
		return clsOptInt, false
	}
	return clsText, false
}

// resolve looks up the alias or expression of a raw item.
func (p *formatParser) resolve(raw *rawItem) (item, bool) {
	col := raw.start + 1
	if raw.isExpr {
		if raw.expr == "" {
			p.fail(col, raw.len, "an empty expression", "write a sample fetch between the brackets, such as %[src]")
			return item{}, false
		}
		it := item{name: "%[" + raw.expr + "]", expr: raw.expr, field: exprField(raw.expr)}
		it.class, it.escaped = exprClass(raw.expr)
		it.emptyOK = it.class == clsText
		it.http = exprHTTP(raw.expr)
		return it, true
	}
	a, ok := aliasIn(p.aliases, raw.alias)
	if !ok {
		p.fail(col, raw.len, "unknown field %"+raw.alias, p.aliasHint(raw.alias))
		return item{}, false
	}
	it := item{name: "%" + a.name, alias: a.name, class: a.class, field: a.field,
		plus: a.flags&aliasPlus != 0, http: a.flags&aliasHTTP != 0}
	if a.canon != "" {
		it.alias = a.canon
	}
	switch it.alias {
	case "hr", "hs", "hrl", "hsl":
		it.vanish, it.swallow, it.emptyOK, it.http = true, true, true, true
	case "HQ":
		it.vanish, it.emptyOK = true, true
	case "ft":
		it.tilde = true
	case "HP":
		it.scheme = true
	case "HPO":
		it.emptyOK = true // OPTIONS *
	case "ST":
		it.http = true
	}
	return it, true
}

// aliasHint helps with an unknown alias: text that ran into it, or a near name.
func (p *formatParser) aliasHint(name string) string {
	for n := len(name) - 1; n > 0; n-- {
		if a, ok := aliasIn(p.aliases, name[:n]); ok && len(name)-n >= 2 {
			return "%" + a.name + " exists; HAProxy reads letters and digits after it as part of the name, so put another character between"
		}
	}
	return diag.DidYouMean("%"+name, AliasNames())
}

// exprHTTP reports whether an expression needs an HTTP transaction.
func exprHTTP(expr string) bool {
	fetch, _, _ := splitExpr(expr)
	for _, prefix := range []string{"capture.", "req.hdr", "req.fhdr", "req.cook", "res.hdr", "res.fhdr", "res.cook", "hdr", "shdr",
		"path", "url", "base", "query", "method", "status", "txn.status", "cook", "http_", "req.body", "unique-id"} {
		if strings.HasPrefix(fetch, prefix) {
			return true
		}
	}
	return false
}
