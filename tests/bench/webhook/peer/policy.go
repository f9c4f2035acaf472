package main

import (
	"os"
	"regexp"
	"slices"

	"sigs.k8s.io/yaml"
)

// A StorePolicy, as far as the rules of an UPDATE ask for it.
type policy struct {
	Spec struct {
		Naming struct {
			Pattern   string   `json:"pattern"`
			MinLength int      `json:"minLength"`
			MaxLength int      `json:"maxLength"`
			Reserved  []string `json:"reserved"`
			Protected []string `json:"protected"`
		} `json:"naming"`
		Hosts struct {
			BaseDomain     string   `json:"baseDomain"`
			AllowedDomains []string `json:"allowedDomains"`
			DeniedDomains  []string `json:"deniedDomains"`
		} `json:"hosts"`
		DefaultPlan string                `json:"defaultPlan"`
		Engines     map[string]engineRule `json:"engines"`
		Plans       map[string]planRule   `json:"plans"`
	} `json:"spec"`

	pattern   *regexp.Regexp
	protected []string // folded
}

type engineRule struct {
	Plans  []string `json:"plans"`
	Values []string `json:"values"`
}

type planRule struct {
	Groups []string `json:"groups"`
}

func readPolicy(path string) (*policy, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := &policy{}
	if err := yaml.Unmarshal(text, p); err != nil {
		return nil, err
	}
	p.pattern, err = regexp.Compile("^(" + p.Spec.Naming.Pattern + ")$")
	for _, name := range p.Spec.Naming.Protected {
		p.protected = append(p.protected, fold(name))
	}
	return p, err
}

func (p *policy) mayUse(plan string, groups []string) bool {
	wanted := p.Spec.Plans[plan].Groups
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(group string) bool {
		return slices.Contains(groups, group)
	})
}
