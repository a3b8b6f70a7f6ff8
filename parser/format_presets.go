package parser

const (
	fmtTCP  = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq"
	fmtHTTP = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
	fmtTLS  = " %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc"
	fmtCLF  = `%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl`
	fmtTCLF = `%{+Q}o %{-Q}ci - - [%T] "TCP " 000 %B "" "" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq "" "" `
	fmtOld  = "%ci:%cp [%t] %ft %b/%s %Tq/%Tw/%Tc/%Tr/%Tt %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
)

type preset struct{ name, text, env, since string }

// presets returns the formats built into HAProxy (configuration manual, sections 8.2.2 to 8.2.5).
// "httplog-1.5" is what `option httplog` meant in 1.5 and 1.6: the same shape as today's, with
// other timers in its first and fifth place, so the two cannot be told apart by their lines.
func presets() []preset {
	return []preset{
		{"httplog", fmtHTTP, "HAPROXY_HTTP_LOG_FMT", "1.7"},
		{"httpslog", fmtHTTP + fmtTLS, "HAPROXY_HTTPS_LOG_FMT", "2.5"},
		{"tcplog", fmtTCP, "HAPROXY_TCP_LOG_FMT", "1.5"},
		{"clf", fmtCLF, "HAPROXY_HTTP_CLF_LOG_FMT", "1.5"},
		{"tcpclf", fmtTCLF, "HAPROXY_TCP_CLF_LOG_FMT", "3.1"},
		{"httplog-1.5", fmtOld, "", "1.5"},
	}
}

// Preset returns the log-format string of a preset: httplog, httpslog, tcplog, clf, tcpclf or
// httplog-1.5.
func Preset(name string) (string, bool) {
	for _, p := range presets() {
		if p.name == name {
			return p.text, true
		}
	}
	return "", false
}

// PresetNames returns the names that Preset knows.
func PresetNames() []string {
	var names []string
	for _, p := range presets() {
		names = append(names, p.name)
	}
	return names
}

// presetOfEnv resolves the environment variables that HAProxy sets to its own formats, so that
// users can write "${HAPROXY_HTTP_LOG_FMT} more".
func presetOfEnv(name string) (string, bool) {
	for _, p := range presets() {
		if p.env != "" && p.env == name {
			return p.text, true
		}
	}
	return "", false
}
