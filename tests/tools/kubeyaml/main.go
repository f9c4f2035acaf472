// Reads YAML by the libraries that stand between a chart and Kubernetes.
//
// Without arguments: a stream of documents from standard input, each written as
// a line of JSON. With -frames: any number of streams, each led by a line with
// its length in bytes; each is answered by one line,
//
//	{"kubernetes": …, "decoder": …, "helm4": …, "rewritten": …}
//
// the stream as lists of its documents, null where that reader refuses one, and as
// Helm 4 writes it anew for its post-renderer.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/kyaml/kio"
	sigs "sigs.k8s.io/yaml"
)

type documents []json.RawMessage

// YAML as kubectl, Helm and Argo CD cut and read it.
func read(stream io.Reader) (documents, error) {
	found := documents{}
	reader := yaml.NewYAMLReader(bufio.NewReader(stream))
	for {
		document, err := reader.Read()
		if err == io.EOF {
			return found, nil
		}
		if err == nil {
			document, err = sigs.YAMLToJSON(document)
		}
		if err != nil {
			return nil, err
		}
		found = append(found, document)
	}
}

// The same where the stream may be JSON: who begins with "{" is tried as such.
func decode(stream io.Reader) (documents, error) {
	found := documents{}
	decoder := yaml.NewYAMLOrJSONDecoder(stream, 4096)
	for {
		var document runtime.RawExtension
		err := decoder.Decode(&document)
		if err == io.EOF {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if len(document.Raw) > 0 {
			found = append(found, document.Raw)
		}
	}
}

// Helm 4 writes a stream anew before it gives it to its post-renderer, and what it
// is given by that before it reads it.
func rewrite(stream string) (string, error) {
	nodes, err := kio.ParseAll(stream)
	if err != nil {
		return "", err
	}
	return kio.StringAll(nodes)
}

func answer(stream []byte) any {
	var out struct {
		Kubernetes documents `json:"kubernetes"`
		Decoder    documents `json:"decoder"`
		Helm4      documents `json:"helm4"`
		Rewritten  string    `json:"rewritten"`
	}
	// what is refused stays null
	out.Kubernetes, _ = read(bytes.NewReader(stream))
	out.Decoder, _ = decode(bytes.NewReader(stream))
	var err error
	if out.Rewritten, err = rewrite(string(stream)); err == nil {
		out.Helm4, _ = read(strings.NewReader(out.Rewritten))
	}
	return out
}

func frames(in *bufio.Reader, out io.Writer) error {
	encoder := json.NewEncoder(out)
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		length, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			return err
		}
		stream := make([]byte, length)
		if _, err := io.ReadFull(in, stream); err != nil {
			return err
		}
		if err := encoder.Encode(answer(stream)); err != nil {
			return err
		}
	}
}

func run() error {
	if len(os.Args) > 1 && os.Args[1] == "-frames" {
		out := bufio.NewWriter(os.Stdout)
		if err := frames(bufio.NewReader(os.Stdin), out); err != nil {
			return err
		}
		return out.Flush()
	}
	found, err := read(os.Stdin)
	for _, document := range found {
		fmt.Println(string(document))
	}
	return err
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
