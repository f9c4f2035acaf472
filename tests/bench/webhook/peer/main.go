// What storeguard-webhook is measured against: an admission webhook as controller-runtime
// makes it easy, with the same rules for an UPDATE of a Store and the same cache of all
// Stores. It takes the command line of storeguard-webhook as far as the benchmark goes.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const byHost = "spec.host"

type validator struct {
	policy *policy
	stores client.Reader
}

func (v *validator) ValidateCreate(context.Context, *Store) (admission.Warnings, error) {
	return nil, errors.New("only UPDATE is measured")
}

func (v *validator) ValidateDelete(context.Context, *Store) (admission.Warnings, error) {
	return nil, nil
}

func (v *validator) ValidateUpdate(ctx context.Context, before, store *Store) (admission.Warnings, error) {
	request, err := admission.RequestFromContext(ctx)
	if err != nil {
		return nil, err
	}
	p := v.policy
	p.applyDefaults(store, before)
	all := p.checkName(store.Name)
	all = append(all, p.checkPlan(store, request.UserInfo.Groups)...)
	all = append(all, p.checkHost(store.Spec.Host)...)
	all = append(all, p.checkTexts(store)...)
	all = append(all, p.checkValues(store)...)
	for _, fixed := range []struct{ name, was, is string }{
		{"engine", before.Spec.Engine, store.Spec.Engine},
		{"delivery", before.Spec.Delivery, store.Spec.Delivery},
		{"owner", before.Spec.Owner, store.Spec.Owner},
	} {
		if fixed.was != fixed.is {
			all = append(all, field.Forbidden(specPath.Child(fixed.name), "can't be changed"))
		}
	}
	if request.UserInfo.Username != before.Spec.Owner && !equality.Semantic.DeepEqual(before, store) {
		all = append(all, field.Forbidden(specPath.Child("owner"), "the Store is another's"))
	}
	var same StoreList
	if err := v.stores.List(ctx, &same, client.MatchingFields{byHost: store.Spec.Host}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range same.Items {
		if same.Items[i].Name != store.Name {
			all = append(all, field.Duplicate(specPath.Child("host"), store.Spec.Host))
		}
	}
	if len(all) > 0 {
		return nil, apierrors.NewInvalid(groupVersion.WithKind("Store").GroupKind(), store.Name, all)
	}
	return nil, nil
}

func run() error {
	listen := flag.String("listen", "127.0.0.1:8443", "")
	probes := flag.String("http", "127.0.0.1:8080", "")
	certificate := flag.String("tls-cert", "", "")
	key := flag.String("tls-key", "", "")
	policyFile := flag.String("policy", "", "")
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		os.Args = append(os.Args[:1], os.Args[2:]...)
	}
	flag.Parse()
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, nil)))

	config, err := ctrl.GetConfig() // from -kubeconfig
	if err != nil {
		return err
	}
	host, portText, err := net.SplitHostPort(*listen)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return err
	}
	rules, err := readPolicy(*policyFile)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := addToScheme(scheme); err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		Metrics:                server.Options{BindAddress: "0"},
		HealthProbeBindAddress: *probes,
		Cache:                  cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
		WebhookServer: webhook.NewServer(webhook.Options{
			Host: host, Port: port,
			CertDir:  filepath.Dir(*certificate),
			CertName: filepath.Base(*certificate), KeyName: filepath.Base(*key),
		}),
	})
	if err != nil {
		return err
	}
	return serve(manager, rules)
}

func serve(manager ctrl.Manager, rules *policy) error {
	ctx := ctrl.SetupSignalHandler()
	if err := manager.GetFieldIndexer().IndexField(ctx, &Store{}, byHost, func(o client.Object) []string {
		return []string{o.(*Store).Spec.Host}
	}); err != nil {
		return err
	}
	informer, err := manager.GetCache().GetInformer(ctx, &Store{}, cache.BlockUntilSynced(false))
	if err != nil {
		return err
	}
	if err := ctrl.NewWebhookManagedBy(manager, &Store{}).
		WithValidator(&validator{policy: rules, stores: manager.GetClient()}).
		WithValidatorCustomPath("/validate-store").
		Complete(); err != nil {
		return err
	}
	started := manager.GetWebhookServer().StartedChecker()
	if err := manager.AddReadyzCheck("ready", func(r *http.Request) error {
		if !informer.HasSynced() {
			return errors.New("the Stores are not there yet")
		}
		return started(r)
	}); err != nil {
		return err
	}
	return manager.Start(ctx)
}

func main() {
	if err := run(); err != nil {
		slog.Error("peer: " + err.Error())
		os.Exit(1)
	}
}
