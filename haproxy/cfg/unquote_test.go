package cfg

import "testing"

func TestUnquote(t *testing.T) {
	const plain = `%ci [%tr] "%HM" %{+Q}r`
	for text, want := range map[string]string{
		`"%ci [%tr] \"%HM\" %{+Q}r"`:                  plain,
		`'%ci [%tr] "%HM" %{+Q}r'`:                    plain,
		`%ci\ [%tr]\ \"%HM\"\ %{+Q}r`:                 plain,
		`log-format "%ci [%tr] \"%HM\" %{+Q}r"`:       plain,
		`  error-log-format	'%ci [%tr] "%HM" %{+Q}r'`: plain,
		`%ci [%tr] \"%HM\" %{+Q}r`:                    plain,
		`log-format %ci\ %ST`:                         `%ci %ST`,
		`"${HAPROXY_HTTP_LOG_FMT} %ID"`:               `${HAPROXY_HTTP_LOG_FMT} %ID`,
		plain:                                         "",
		`%ci %ST`:                                     "",
		`%ST`:                                         "",
		`{"a":"%b","s":%ST}`:                          "",
		`"%ci" "%ST"`:                                 "",
	} {
		got, ok := Unquote(text)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s becomes %q, %v, want %q", text, got, ok, want)
		}
	}
}
