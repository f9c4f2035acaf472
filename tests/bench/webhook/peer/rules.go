package main

import (
	"encoding/json"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The rules of common/store_rules.c, by the means that Go programs use for them.

var (
	specPath   = field.NewPath("spec")
	foldAlike  = strings.NewReplacer("rn", "m", "vv", "w", "0", "o", "1", "l", "5", "s", "i", "l", "-", "")
	secretLike = []string{"password", "passwd", "secret", "token", "apikey", "api_key", "api-key", "privatekey", "private_key", "credential"}
)

func fold(name string) string { return foldAlike.Replace(strings.ToLower(name)) }

func (p *policy) applyDefaults(s, old *Store) {
	keep := func(field *string, was string) {
		if *field == "" {
			*field = was
		}
	}
	keep(&s.Spec.Owner, old.Spec.Owner)
	keep(&s.Spec.Plan, old.Spec.Plan)
	keep(&s.Spec.Host, old.Spec.Host)
	keep(&s.Spec.DisplayName, old.Spec.DisplayName)
	keep(&s.Spec.Delivery, old.Spec.Delivery)
	keep(&s.Spec.Plan, p.Spec.DefaultPlan)
	keep(&s.Spec.Host, s.Name+"."+p.Spec.Hosts.BaseDomain)
}

func (p *policy) checkName(name string) (all field.ErrorList) {
	at := field.NewPath("metadata", "name")
	naming := &p.Spec.Naming
	if len(name) < naming.MinLength || len(name) > naming.MaxLength {
		all = append(all, field.Invalid(at, name, "length"))
	}
	for _, problem := range validation.IsDNS1123Label(name) {
		all = append(all, field.Invalid(at, name, problem))
	}
	if !p.pattern.MatchString(name) {
		all = append(all, field.Invalid(at, name, "does not match "+naming.Pattern))
	}
	if len(name) >= 4 && name[2:4] == "--" {
		all = append(all, field.Invalid(at, name, "is kept for punycode"))
	}
	if slices.Contains(naming.Reserved, name) {
		all = append(all, field.Invalid(at, name, "is reserved"))
	}
	for _, part := range append(strings.Split(name, "-"), name) {
		if slices.Contains(p.protected, fold(part)) {
			all = append(all, field.Invalid(at, name, "resembles a protected name"))
		}
	}
	return all
}

func within(host string, domains ...string) bool {
	return slices.ContainsFunc(domains, func(domain string) bool {
		return host == domain || strings.HasSuffix(host, "."+domain)
	})
}

func (p *policy) checkHost(host string) (all field.ErrorList) {
	at := specPath.Child("host")
	hosts := &p.Spec.Hosts
	for _, problem := range validation.IsDNS1123Subdomain(host) {
		all = append(all, field.Invalid(at, host, problem))
	}
	for _, label := range strings.Split(host, ".") {
		if len(label) >= 4 && label[2:4] == "--" {
			all = append(all, field.Invalid(at, host, "has a punycode label"))
		}
	}
	if host == hosts.BaseDomain || !within(host, append([]string{hosts.BaseDomain}, hosts.AllowedDomains...)...) {
		all = append(all, field.Invalid(at, host, "is not below a domain that is allowed"))
	}
	if within(host, hosts.DeniedDomains...) {
		all = append(all, field.Invalid(at, host, "is in a denied domain"))
	}
	return all
}

func (p *policy) checkPlan(s *Store, groups []string) (all field.ErrorList) {
	engine, known := p.Spec.Engines[s.Spec.Engine]
	if !known {
		all = append(all, field.NotSupported(specPath.Child("engine"), s.Spec.Engine, []string{"woocommerce", "medusa"}))
	}
	at := specPath.Child("plan")
	if _, known := p.Spec.Plans[s.Spec.Plan]; !known || !slices.Contains(engine.Plans, s.Spec.Plan) {
		all = append(all, field.NotSupported(at, s.Spec.Plan, engine.Plans))
	} else if !p.mayUse(s.Spec.Plan, groups) {
		all = append(all, field.Forbidden(at, "is not for you"))
	}
	return all
}

func (p *policy) checkTexts(s *Store) (all field.ErrorList) {
	if s.Spec.DisplayName != "" && (len(s.Spec.DisplayName) > 128 || strings.ContainsFunc(s.Spec.DisplayName, isControl)) {
		all = append(all, field.Invalid(specPath.Child("displayName"), s.Spec.DisplayName, "must be one line"))
	}
	name, host, found := strings.Cut(s.Spec.AdminEmail, "@")
	if s.Spec.AdminEmail != "" && (!found || name == "" || host == "" || strings.ContainsAny(s.Spec.AdminEmail, " \t\r\n<>,;")) {
		all = append(all, field.Invalid(specPath.Child("adminEmail"), s.Spec.AdminEmail, "is no e-mail address"))
	}
	if len(s.Spec.Owner) > 253 || strings.ContainsFunc(s.Spec.Owner, isControl) {
		all = append(all, field.Invalid(specPath.Child("owner"), s.Spec.Owner, "must be a user's name"))
	}
	return all
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

func (p *policy) checkValues(s *Store) field.ErrorList {
	at := specPath.Child("values")
	if s.Spec.Values == nil {
		return nil
	}
	var values map[string]any
	if err := json.Unmarshal(s.Spec.Values.Raw, &values); err != nil {
		return field.ErrorList{field.Invalid(at, "", err.Error())}
	}
	return checkValue(p.Spec.Engines[s.Spec.Engine].Values, "", values)
}

func checkValue(allowed []string, path string, value any) (all field.ErrorList) {
	at := specPath.Child("values")
	for _, word := range secretLike {
		if strings.Contains(strings.ToLower(path), word) {
			return field.ErrorList{field.Forbidden(at.Child(path), "looks like a secret")}
		}
	}
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			if strings.Contains(key, ".") {
				all = append(all, field.Invalid(at, key, "has a dot"))
				continue
			}
			all = append(all, checkValue(allowed, strings.TrimPrefix(path+"."+key, "."), below)...)
		}
		return all
	case []any:
		for _, below := range v {
			all = append(all, checkValue(allowed, path, below)...)
		}
		if len(v) > 0 {
			return all
		}
	}
	if !slices.ContainsFunc(allowed, func(a string) bool { return path == a || strings.HasPrefix(path, a+".") }) {
		all = append(all, field.Forbidden(at.Child(path), "is not a value that may be set"))
	}
	return all
}
