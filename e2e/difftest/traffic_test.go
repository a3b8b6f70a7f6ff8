package difftest

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"time"
)

// requests are what every HTTP frontend gets, byte by byte. Most are followed by their connection's end.
func requests() []string {
	const end = "Host: partner.example\r\nUser-Agent: curl/7.88 (x; y)\r\nConnection: close\r\n\r\n"
	return []string{
		"GET /a/b?x=1&y=%22z%22 HTTP/1.1\r\n" + end,
		"POST /post/one HTTP/1.1\r\nContent-Length: 5\r\nCookie: SID=abc; other=1\r\n" + "Host: h\r\nConnection: close\r\n\r\nhello",
		"GET /a?status=404 HTTP/1.0\r\n" + end,
		"GET http://absolute.example/abs/path?q=1 HTTP/1.1\r\n" + end,
		"GET /refused/x HTTP/1.1\r\n" + end,
		"GET /first/x HTTP/1.1\r\n" + end,
		"GET /nosrv/x HTTP/1.1\r\n" + end,
		"DELETE /deny HTTP/1.1\r\n" + end,
		"OPTIONS * HTTP/1.1\r\n" + end,
		"GET /return HTTP/1.1\r\n" + end,
		"GET /keep HTTP/1.1\r\nHost: one\r\n\r\nGET /alive?bytes=3000 HTTP/1.1\r\n" + end,
		"GET /hash#x|{}\\`[] HTTP/1.1\r\n" + end,
		"GET / bad request line HTTP/1.1\r\n\r\n",
		"\x16\x03nonsense\r\n\r\n",
		"",
	}
}

// hostile are requests whose unescaped fields (cookie, captures) hold what separates fields.
func hostile() []string {
	return []string{
		"GET /x HTTP/1.1\r\nHost: a b|c;d/e,f - g\r\nUser-Agent: \"q\" {b} | 1 2 3 [x] \\ \xc3\xa9 \x01\r\nCookie: SID=c\"1 |; o=1\r\nConnection: close\r\n\r\n",
		"GET /y/\"|{z}\xc3\xa9 HTTP/1.1\r\nHost: <NOSRV>\r\nUser-Agent: -\r\nConnection: close\r\n\r\n",
	}
}

// send writes a request and reads until the answer ends.
func send(addr string, secure *tls.Config, request string) error {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if secure != nil {
		c = tls.Client(c, secure)
	}
	if request != "" {
		if _, err := io.WriteString(c, request); err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, c) // an abrupt end is part of the traffic
	}
	return nil
}

// h2 sends one request over HTTP/2.
func h2(addr string) error {
	transport := &http.Transport{TLSClientConfig: clientTLS(), ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
	resp, err := client.Get("https://" + addr + "/h2/path?q=2")
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return err
}

func clientTLS() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, ServerName: "sni.example"} //nolint:gosec // our own HAProxy on loopback
}
