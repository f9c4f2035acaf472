// Judges pods as Pod Security admission does: reads a pod a line, as YAML in flow
// style, and answers each with a line of JSON, the names of the checks that refuse it
// at each level, or why the API server would not take it for a pod. The first line
// names all checks there are.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

type verdict struct {
	Baseline   []string `json:"baseline"`
	Restricted []string `json:"restricted"`
	Invalid    string   `json:"invalid,omitempty"`
}

// A level's checks in the version that "latest" is.
type level struct {
	level     api.Level
	evaluator policy.Evaluator
	checks    map[string]policy.CheckPodFn
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func newLevel(of api.Level) level {
	all := policy.DefaultChecks()
	evaluator, err := policy.NewEvaluator(all, nil)
	if err != nil {
		fail(err)
	}
	l := level{of, evaluator, map[string]policy.CheckPodFn{}}
	var overridden []policy.CheckID
	for _, check := range all {
		if check.Level == api.LevelRestricted && of != api.LevelRestricted {
			continue
		}
		latest := check.Versions[len(check.Versions)-1]
		l.checks[string(check.ID)] = latest.CheckPod
		overridden = append(overridden, latest.OverrideCheckIDs...)
	}
	for _, id := range overridden {
		delete(l.checks, string(id))
	}
	return l
}

func (l level) refusing(pod *corev1.Pod) []string {
	found := []string{}
	for id, check := range l.checks {
		if !check(&pod.ObjectMeta, &pod.Spec).Allowed {
			found = append(found, id)
		}
	}
	slices.Sort(found)
	all := policy.AggregateCheckResults(l.evaluator.EvaluatePod(
		api.LevelVersion{Level: l.level, Version: api.LatestVersion()},
		&pod.ObjectMeta, &pod.Spec))
	if all.Allowed != (len(found) == 0) {
		fail(fmt.Errorf("%s: %v, but %v", l.level, all.ForbiddenReasons, found))
	}
	return found
}

// As the API server decodes a request, and the one default that checks see.
func decode(line []byte) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	text, err := yaml.YAMLToJSON(line)
	if err == nil {
		err = kjson.UnmarshalCaseSensitivePreserveInts(text, pod)
	}
	for i := range pod.Spec.Volumes {
		source := &pod.Spec.Volumes[i].VolumeSource
		if *source == (corev1.VolumeSource{}) {
			source.EmptyDir = &corev1.EmptyDirVolumeSource{}
		}
	}
	return pod, err
}

func say(out *json.Encoder, what any) {
	if err := out.Encode(what); err != nil {
		fail(err)
	}
}

func main() {
	baseline, restricted := newLevel(api.LevelBaseline), newLevel(api.LevelRestricted)
	writer := bufio.NewWriter(os.Stdout)
	defer writer.Flush()
	out := json.NewEncoder(writer)
	names := []string{}
	for _, check := range policy.DefaultChecks() {
		names = append(names, string(check.ID))
	}
	slices.Sort(names)
	say(out, names)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		pod, err := decode(lines.Bytes())
		if err != nil {
			say(out, verdict{Invalid: err.Error()})
		} else {
			say(out, verdict{Baseline: baseline.refusing(pod),
				Restricted: restricted.refusing(pod)})
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}
