// Sends AdmissionReviews over kept-alive TLS connections and prints, as JSON, how they
// were answered.
//
//	load -url https://HOST:PORT/PATH -ca FILE -review FILE [-connections N] [-seconds S]
//	     [-rate N]
//
// Without a rate each connection sends its next request when it has the answer to the
// last one (closed loop). With one, requests are due at even intervals whatever became of
// those before (open loop), and each one's time counts from when it was due: a server
// that stalls is charged for all that wait meanwhile, not only for the one it has in hand.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// Of Stores: reviews differ in name and host, as those of many shops do.
	variants   = 100
	storeNames = "fashion-%02d"
	recorded   = "fashion" // the Store in the recorded review
)

type result struct {
	Requests int64   `json:"requests"`
	Failed   int64   `json:"failed"`
	Why      string  `json:"why,omitempty"`
	Seconds  float64 `json:"seconds"`
	Bytes    int     `json:"bytes"` // of a review
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	P999     float64 `json:"p999_ms"`
	Max      float64 `json:"max_ms"`
}

type run struct {
	address  string
	config   *tls.Config
	requests [][]byte
	failed   atomic.Int64
	why      atomic.Value
}

func (r *run) fail(err error) {
	r.failed.Add(1)
	r.why.CompareAndSwap(nil, err.Error())
}

type connection struct {
	tls    *tls.Conn
	reader *bufio.Reader
}

func (r *run) dial() (*connection, error) {
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", r.address, r.config)
	if err != nil {
		return nil, err
	}
	return &connection{c, bufio.NewReader(c)}, nil
}

// One request and its answer, which must say that the update is allowed.
func (c *connection) ask(request []byte) error {
	if err := c.tls.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := c.tls.Write(request); err != nil {
		return err
	}
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"allowed":true`)) {
		return fmt.Errorf("%s: %.300s", answer.Status, body)
	}
	return nil
}

func (r *run) ask(c **connection, number int64) {
	var err error
	if *c == nil {
		if *c, err = r.dial(); err != nil {
			r.fail(err)
			return
		}
	}
	if err = (*c).ask(r.requests[number%int64(len(r.requests))]); err != nil {
		r.fail(err)
		(*c).tls.Close()
		*c = nil
	}
}

func (r *run) closed(connections int, seconds time.Duration) (int64, []time.Duration) {
	var done atomic.Int64
	var all sync.WaitGroup
	until := time.Now().Add(seconds)
	for i := 0; i < connections; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			var c *connection
			for time.Now().Before(until) {
				r.ask(&c, done.Add(1))
			}
		}()
	}
	all.Wait()
	return done.Load(), nil
}

// Sleeps by the kernel: Go's timers are late by up to a millisecond on a busy core.
func sleepUntil(due time.Time) {
	if wait := time.Until(due); wait > 0 {
		t := syscall.NsecToTimespec(wait.Nanoseconds())
		_ = syscall.Nanosleep(&t, nil)
	}
}

func (r *run) open(connections, rate int, seconds time.Duration) (int64, []time.Duration) {
	total := int64(rate) * int64(seconds/time.Second)
	times := make([]time.Duration, total)
	start := time.Now().Add(20 * time.Millisecond)
	due := func(n int64) time.Time {
		return start.Add(time.Duration(n) * time.Second / time.Duration(rate))
	}
	numbers := make(chan int64, total)
	var all sync.WaitGroup
	for i := 0; i < connections; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			var c *connection
			if c, _ = r.dial(); c == nil {
				log.Print("load: a connection could not be made beforehand")
			}
			for n := range numbers {
				r.ask(&c, n)
				times[n] = time.Since(due(n))
			}
		}()
	}
	time.Sleep(10 * time.Millisecond)
	for n := int64(0); n < total; n++ {
		sleepUntil(due(n))
		numbers <- n
	}
	close(numbers)
	all.Wait()
	return total, times
}

func percentile(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(p*float64(len(sorted)-1))].Microseconds()) / 1000
}

func requests(target *url.URL, review []byte) (all [][]byte) {
	for i := 0; i < variants; i++ {
		body := bytes.ReplaceAll(review, []byte(recorded), []byte(fmt.Sprintf(storeNames, i)))
		head := fmt.Sprintf("POST %s?timeout=5s HTTP/1.1\r\nHost: %s\r\nUser-Agent: kube-apiserver-admission\r\n"+
			"Content-Length: %d\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\n"+
			"Accept-Encoding: gzip\r\n\r\n", target.Path, target.Host, len(body))
		all = append(all, append([]byte(head), body...))
	}
	return all
}

func main() {
	log.SetFlags(0)
	address := flag.String("url", "", "")
	ca := flag.String("ca", "", "")
	review := flag.String("review", "", "")
	connections := flag.Int("connections", 16, "")
	seconds := flag.Int("seconds", 5, "")
	rate := flag.Int("rate", 0, "")
	flag.Parse()
	target, err := url.Parse(*address)
	if err != nil {
		log.Fatal(err)
	}
	trusted, err := os.ReadFile(*ca)
	if err != nil {
		log.Fatal(err)
	}
	body, err := os.ReadFile(*review)
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(trusted)
	r := &run{
		address:  target.Host,
		config:   &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		requests: requests(target, bytes.TrimSpace(body)),
	}
	// its own pauses would be charged to the server
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(1 << 30)
	runtime.LockOSThread()

	begin := time.Now()
	var out result
	var times []time.Duration
	if *rate > 0 {
		out.Requests, times = r.open(*connections, *rate, time.Duration(*seconds)*time.Second)
	} else {
		out.Requests, times = r.closed(*connections, time.Duration(*seconds)*time.Second)
	}
	out.Seconds = time.Since(begin).Seconds()
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	out.P50, out.P99 = percentile(times, 0.5), percentile(times, 0.99)
	out.P999, out.Max = percentile(times, 0.999), percentile(times, 1)
	out.Failed = r.failed.Load()
	out.Bytes = len(body)
	if why, ok := r.why.Load().(string); ok {
		out.Why = why
	}
	_ = json.NewEncoder(os.Stdout).Encode(out)
}
