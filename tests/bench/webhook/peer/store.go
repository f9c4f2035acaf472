package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A Store as kubebuilder would have it: see charts/storeguard/crds/stores.yaml.
type Store struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   StoreSpec   `json:"spec"`
	Status StoreStatus `json:"status,omitempty"`
}

type StoreSpec struct {
	Engine             string                `json:"engine"`
	Owner              string                `json:"owner,omitempty"`
	Plan               string                `json:"plan,omitempty"`
	Host               string                `json:"host,omitempty"`
	DisplayName        string                `json:"displayName,omitempty"`
	AdminEmail         string                `json:"adminEmail,omitempty"`
	Delivery           string                `json:"delivery,omitempty"`
	DeletionProtection bool                  `json:"deletionProtection,omitempty"`
	Values             *runtime.RawExtension `json:"values,omitempty"`
}

type StoreStatus struct {
	Phase              string             `json:"phase,omitempty"`
	URL                string             `json:"url,omitempty"`
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

type StoreList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Store `json:"items"`
}

var groupVersion = schema.GroupVersion{Group: "urumi.io", Version: "v1"}

func addToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(groupVersion, &Store{}, &StoreList{})
	metav1.AddToGroupVersion(s, groupVersion)
	return nil
}

// What controller-gen would write.

func (in *Store) DeepCopyInto(out *Store) {
	*out = *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	if in.Spec.Values != nil {
		out.Spec.Values = in.Spec.Values.DeepCopy()
	}
	if in.Status.Conditions != nil {
		out.Status.Conditions = make([]metav1.Condition, len(in.Status.Conditions))
		for i := range in.Status.Conditions {
			in.Status.Conditions[i].DeepCopyInto(&out.Status.Conditions[i])
		}
	}
}

func (in *Store) DeepCopyObject() runtime.Object {
	out := new(Store)
	in.DeepCopyInto(out)
	return out
}

func (in *StoreList) DeepCopyObject() runtime.Object {
	out := &StoreList{TypeMeta: in.TypeMeta}
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]Store, len(in.Items))
	for i := range in.Items {
		in.Items[i].DeepCopyInto(&out.Items[i])
	}
	return out
}
