package parser

// alias is one row of the table of log-format aliases (configuration manual, section 8.2.6).
type alias struct {
	name  string // without the percent sign
	field Field
	class class
	flags aliasFlags
	// since and retired are HAProxy branches: the first that knows the alias, and the first that
	// refuses it ("" when none does).
	since, retired string
	canon          string // the present name of a retired alias
}

type aliasFlags uint8

const (
	aliasPlus  aliasFlags = 1 << iota // a + may stand before the number
	aliasQuote                        // {+Q} puts it in quotes
	aliasHex                          // {+X} prints it in hexadecimal
	aliasHTTP                         // only an HTTP transaction has it
	aliasURL                          // #XX escapes of the request line
)

// aliases returns the one table of aliases of HAProxy 1.5 to 3.5. Everything that depends on an
// alias (grammar, class, canonical field, versions, names that labels may use) is read from here.
func aliases() []alias {
	const (
		q = aliasQuote
		x = aliasHex
		h = aliasHTTP
		u = aliasURL
		p = aliasPlus
	)
	return []alias{
		// dates
		{name: "T", field: AcceptDate, class: clsDateZone, since: "1.5"},
		{name: "Tl", field: AcceptDate, class: clsDateZone, since: "1.5"},
		{name: "t", field: AcceptDate, class: clsDateMs, since: "1.5"},
		{name: "Ts", field: AcceptSeconds, class: clsUint, flags: x, since: "1.5"},
		{name: "ms", field: Milliseconds, class: clsMs, flags: x, since: "1.5"},
		{name: "tr", field: RequestDate, class: clsDateMs, flags: h, since: "1.7"},
		{name: "trg", field: RequestDate, class: clsDateZone, flags: h, since: "1.7"},
		{name: "trl", field: RequestDate, class: clsDateZone, flags: h, since: "1.7"},
		// timers
		{name: "Th", field: TimeHandshake, class: clsInt, since: "1.7"},
		{name: "Ti", field: TimeIdle, class: clsInt, flags: h, since: "1.7"},
		{name: "TR", field: TimeRequest, class: clsInt, flags: h, since: "1.7"},
		{name: "Tq", field: TimeTq, class: clsInt, flags: h, since: "1.5"},
		{name: "Tw", field: TimeQueue, class: clsInt, since: "1.5"},
		{name: "Tc", field: TimeConnect, class: clsInt, since: "1.5"},
		{name: "Tr", field: TimeResponse, class: clsInt, flags: h, since: "1.5"},
		{name: "Td", field: TimeData, class: clsInt, since: "1.7"},
		{name: "Ta", field: TimeActive, class: clsInt, flags: h | p, since: "1.7"},
		{name: "Tt", field: TimeTotal, class: clsInt, flags: p, since: "1.5"},
		{name: "Tu", field: TimeUser, class: clsInt, flags: p, since: "2.2"},
		// sizes, status, ending
		{name: "B", field: BytesSent, class: clsInt, flags: p, since: "1.5"},
		{name: "U", field: BytesReceived, class: clsInt, since: "1.5"},
		{name: "ST", field: Status, class: clsInt, flags: 0, since: "1.5"},
		{name: "ts", field: TerminationState, class: clsState2, since: "1.5"},
		{name: "tsc", field: TerminationState, class: clsState4, since: "1.5"},
		{name: "rc", field: Retries, class: clsInt, flags: p, since: "1.5"},
		{name: "OG", field: Origin, class: clsWord, flags: q, since: "3.1"},
		// cookies and captures
		{name: "CC", field: RequestCookie, class: clsCookie, flags: q | h, since: "1.5"},
		{name: "CS", field: ResponseCookie, class: clsCookie, flags: q | h, since: "1.5"},
		{name: "hr", field: RequestHeaders, class: clsBraces, flags: q, since: "1.5"},
		{name: "hs", field: ResponseHeaders, class: clsBraces, flags: q, since: "1.5"},
		{name: "hrl", field: RequestHeaders, class: clsList, flags: q, since: "1.5"},
		{name: "hsl", field: ResponseHeaders, class: clsList, flags: q, since: "1.5"},
		// the request
		{name: "r", field: RequestLine, class: clsRequest, flags: q | h | u, since: "1.5"},
		{name: "HM", field: Method, class: clsURL, flags: q | h | u, since: "1.6"},
		{name: "HU", field: Target, class: clsURL, flags: q | h | u, since: "1.6"},
		{name: "HP", field: Path, class: clsURL, flags: q | h | u, since: "1.6"},
		{name: "HPO", field: Path, class: clsURL, flags: q | h | u, since: "2.4"},
		{name: "HQ", field: Query, class: clsQuery, flags: q | h | u, since: "1.6"},
		{name: "HV", field: Protocol, class: clsURL, flags: q | h | u, since: "1.6"},
		// names and addresses
		{name: "b", field: Backend, class: clsName, flags: q, since: "1.5"},
		{name: "f", field: Frontend, class: clsName, flags: q, since: "1.5"},
		{name: "ft", field: Frontend, class: clsName, flags: q, since: "1.5"},
		{name: "s", field: Server, class: clsName, flags: q, since: "1.5"},
		{name: "ci", field: ClientAddr, class: clsAddr, flags: q | x, since: "1.5"},
		{name: "cp", field: ClientPort, class: clsPort, flags: x, since: "1.5"},
		{name: "fi", field: FrontendAddr, class: clsAddr, flags: q | x, since: "1.5"},
		{name: "fp", field: FrontendPort, class: clsPort, flags: x, since: "1.5"},
		{name: "bi", field: BackendAddr, class: clsAddr, flags: q | x, since: "1.5"},
		{name: "bp", field: BackendPort, class: clsPort, flags: x, since: "1.5"},
		{name: "si", field: ServerAddr, class: clsAddr, flags: q | x, since: "1.5"},
		{name: "sp", field: ServerPort, class: clsPort, flags: x, since: "1.5"},
		// counters
		{name: "ac", field: ActiveConns, class: clsInt, since: "1.5"},
		{name: "fc", field: FrontendConns, class: clsInt, since: "1.5"},
		{name: "bc", field: BackendConns, class: clsInt, since: "1.5"},
		{name: "sc", field: ServerConns, class: clsInt, since: "1.5"},
		{name: "sq", field: ServerQueue, class: clsInt, since: "1.5"},
		{name: "bq", field: BackendQueue, class: clsInt, since: "1.5"},
		{name: "rt", field: RequestCounter, class: clsUint, flags: x, since: "1.5"},
		{name: "lc", field: LogCounter, class: clsUint, flags: x, since: "1.6"},
		// the rest
		{name: "sslc", field: TLSCipher, class: clsWord, flags: q, since: "1.5"},
		{name: "sslv", field: TLSVersion, class: clsWord, flags: q, since: "1.5"},
		{name: "pid", field: ProcessID, class: clsUint, flags: x, since: "1.5"},
		{name: "H", field: Hostname, class: clsWord, flags: q, since: "1.5"},
		{name: "ID", field: UniqueID, class: clsText, flags: q, since: "1.5"},
		// retired in 2.5 (deprecated names of 1.4 development versions)
		{name: "Ci", field: ClientAddr, class: clsAddr, flags: q | x, since: "1.5", retired: "2.5", canon: "ci"},
		{name: "Cp", field: ClientPort, class: clsPort, flags: x, since: "1.5", retired: "2.5", canon: "cp"},
		{name: "Fi", field: FrontendAddr, class: clsAddr, flags: q | x, since: "1.5", retired: "2.5", canon: "fi"},
		{name: "Fp", field: FrontendPort, class: clsPort, flags: x, since: "1.5", retired: "2.5", canon: "fp"},
		{name: "Bi", field: BackendAddr, class: clsAddr, flags: q | x, since: "1.5", retired: "2.5", canon: "bi"},
		{name: "Bp", field: BackendPort, class: clsPort, flags: x, since: "1.5", retired: "2.5", canon: "bp"},
		{name: "Si", field: ServerAddr, class: clsAddr, flags: q | x, since: "1.5", retired: "2.5", canon: "si"},
		{name: "Sp", field: ServerPort, class: clsPort, flags: x, since: "1.5", retired: "2.5", canon: "sp"},
		{name: "cc", field: RequestCookie, class: clsCookie, flags: q | h, since: "1.5", retired: "2.5", canon: "CC"},
		{name: "cs", field: ResponseCookie, class: clsCookie, flags: q | h, since: "1.5", retired: "2.5", canon: "CS"},
		{name: "st", field: Status, class: clsInt, since: "1.5", retired: "2.5", canon: "ST"},
	}
}

func findAlias(name string) (alias, bool) { return aliasIn(aliases(), name) }

// aliasIn is findAlias for callers that keep the table.
func aliasIn(table []alias, name string) (alias, bool) {
	for i := range table {
		if table[i].name == name {
			return table[i], true
		}
	}
	return alias{}, false
}

// Versions returns the first HAProxy branch that knows the alias (its name without the percent
// sign) and the first that refuses it, "" when none does.
func Versions(name string) (since, retired string, ok bool) {
	a, ok := findAlias(name)
	return a.since, a.retired, ok
}

// AliasNames returns every alias of the table, with its percent sign, in the table's order.
func AliasNames() []string {
	var names []string
	for _, a := range aliases() {
		names = append(names, "%"+a.name)
	}
	return names
}
