// Says what the API server's own code thinks of CustomResourceDefinitions, and of objects by them.
//
// It reads {"definitions": [CRD...], "changes": [{"old": object or null, "new": object}...]} and writes a list of
// complaints for each of both. Objects are pruned, defaulted and judged in the order of apiextensions-apiserver.
package main

import (
	"context"
	"encoding/json"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	definitions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	number "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	limits "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

type object = map[string]interface{}

type answer struct {
	Definitions [][]string `json:"definitions"`
	Changes     [][]string `json:"changes"`
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func words(errors field.ErrorList) []string {
	said := []string{}
	for _, one := range errors {
		said = append(said, one.Error())
	}
	return said
}

func main() {
	var question struct {
		Definitions []json.RawMessage
		Changes     []json.RawMessage
	}
	must(json.NewDecoder(os.Stdin).Decode(&question))
	scheme := runtime.NewScheme()
	must(apiextensions.AddToScheme(scheme))
	must(v1.AddToScheme(scheme))

	answered := answer{}
	schemas := map[string]*apiextensions.JSONSchemaProps{}
	for _, raw := range question.Definitions {
		definition := &v1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(raw, definition); err != nil {
			answered.Definitions = append(answered.Definitions, []string{err.Error()})
			continue
		}
		v1.SetDefaults_CustomResourceDefinition(definition)
		v1.SetDefaults_CustomResourceDefinitionSpec(&definition.Spec)
		internal := &apiextensions.CustomResourceDefinition{}
		must(scheme.Convert(definition, internal, nil))
		complaints := definitions.ValidateCustomResourceDefinition(context.Background(), internal)
		answered.Definitions = append(answered.Definitions, words(complaints))
		schema := &apiextensions.JSONSchemaProps{}
		from := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
		must(v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(from, schema, nil))
		schemas[definition.Spec.Names.Kind] = schema
	}
	for _, raw := range question.Changes {
		asked := object{} // a map, as only there the API server's decoder keeps integers apart
		must(number.Unmarshal(raw, &asked))
		before, _ := asked["old"].(object)
		after := asked["new"].(object)
		answered.Changes = append(answered.Changes, words(judge(before, after, schemas[after["kind"].(string)])))
	}
	must(json.NewEncoder(os.Stdout).Encode(answered))
}

func judge(before, after object, schema *apiextensions.JSONSchemaProps) field.ErrorList {
	made, err := structural.NewStructural(schema)
	must(err)
	for _, one := range []object{before, after} {
		if one != nil {
			pruning.Prune(one, made, true)
			defaulting.PruneNonNullableNullsWithoutDefaults(one, made)
			defaulting.Default(one, made)
		}
	}
	validator, _, err := validation.NewSchemaValidator(schema)
	must(err)
	if errors := validation.ValidateCustomResource(nil, after, validator); len(errors) > 0 {
		return errors
	}
	var old interface{}
	if before != nil {
		old = before
	}
	rules := cel.NewValidator(made, true, limits.PerCallLimit)
	errors, _ := rules.Validate(context.Background(), nil, made, after, old, limits.RuntimeCELCostBudget)
	return errors
}
