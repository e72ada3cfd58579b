// Command oracle-semver answers questions about versions with github.com/Masterminds/semver.
//
// Each line of standard input is a JSON object {"range", "version", "other"}; each line of standard output says which of
// the three the library accepts, whether the version is in the range, and how it compares with the other one. A version
// must be strict, with or without a leading v, as the callers of the library in Flux and Cluster API demand.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"strings"

	"github.com/Masterminds/semver/v3"
)

type question struct {
	Range   string `json:"range"`
	Version string `json:"version"`
	Other   string `json:"other"`
}

type answer struct {
	Range   bool `json:"range"`
	Version bool `json:"version"`
	Other   bool `json:"other"`
	In      bool `json:"in"`
	Compare int  `json:"compare"`
}

func main() {
	input := json.NewDecoder(bufio.NewReader(os.Stdin))
	buffer := bufio.NewWriter(os.Stdout)
	output := json.NewEncoder(buffer)
	for input.More() {
		var asked question
		if err := input.Decode(&asked); err != nil {
			log.Fatal(err)
		}
		if err := output.Encode(answerTo(asked)); err != nil {
			log.Fatal(err)
		}
	}
	if err := buffer.Flush(); err != nil {
		log.Fatal(err)
	}
}

func answerTo(asked question) answer {
	constraints, err := semver.NewConstraint(asked.Range)
	version, other := parse(asked.Version), parse(asked.Other)
	found := answer{Range: err == nil, Version: version != nil, Other: other != nil}
	if found.Range && found.Version {
		found.In = constraints.Check(version)
	}
	if found.Version && found.Other {
		found.Compare = version.Compare(other)
	}
	return found
}

// parse returns nil for what is no version.
func parse(text string) *semver.Version {
	if _, err := semver.StrictNewVersion(strings.TrimPrefix(text, "v")); err != nil {
		return nil
	}
	version, err := semver.NewVersion(text)
	if err != nil {
		return nil
	}
	return version
}
