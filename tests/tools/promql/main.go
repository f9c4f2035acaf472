// Reads PromQL as Prometheus does: promql RULES checks a file of rules, their templates
// too; promql alone reads queries from standard input, a list in JSON. Both print for
// each expression, as a line of JSON, the metrics that it selects, with the labels by
// which it does.
package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

type selector struct {
	Metric string   `json:"metric"`
	Labels []string `json:"labels"`
}

func fail(errs ...error) {
	for _, err := range errs {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(1)
}

func show(p parser.Parser, query string) {
	expression, err := p.ParseExpr(query)
	if err != nil {
		fail(fmt.Errorf("%s: %w", query, err))
	}
	selectors := []selector{}
	for _, matchers := range parser.ExtractSelectors(expression) {
		one := selector{Labels: []string{}}
		for _, matcher := range matchers {
			if matcher.Name == model.MetricNameLabel {
				one.Metric = matcher.Value
			} else {
				one.Labels = append(one.Labels, matcher.String())
			}
		}
		selectors = append(selectors, one)
	}
	line, err := json.Marshal(selectors)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(line))
}

func rules(path string, p parser.Parser) []string {
	groups, errs := rulefmt.ParseFile(path, false, model.UTF8Validation, p, slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		fail(errs...)
	}
	queries := []string{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			queries = append(queries, rule.Expr)
		}
	}
	return queries
}

func main() {
	p := parser.NewParser(parser.Options{})
	var queries []string
	if len(os.Args) > 1 {
		queries = rules(os.Args[1], p)
	} else if err := json.NewDecoder(os.Stdin).Decode(&queries); err != nil {
		fail(err)
	}
	for _, query := range queries {
		show(p, query)
	}
}
