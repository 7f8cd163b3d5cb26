package config

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// maxSize bounds a file: 10 000 services with 10 endpoints each take 5 MB.
const maxSize = 64 << 20

// Read returns the content of a file.
func Read(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("config: %w; mend: give -config the path of a file that can be read", err)
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("config: %w", err)
	case len(content) > maxSize:
		return nil, fmt.Errorf("config: %s is longer than %d MiB", file, maxSize>>20)
	}
	return content, nil
}

// Load reads a file. Its error joins a *Fault for each thing that is refused.
func Load(file string) (*Config, error) {
	content, err := Read(file)
	if err != nil {
		return nil, err
	}
	return Parse(file, content)
}

// Parse is Load for a content that was read. The file's name is for messages,
// and for the files that it names.
func Parse(file string, content []byte) (*Config, error) {
	r := &reading{file: file}
	root, ok := r.document(content)
	if !ok {
		return nil, r.join()
	}
	cfg := r.config(root)
	if len(r.faults) > 0 {
		return nil, r.join()
	}
	cfg.Sum = sha256.Sum256(content)
	return cfg, nil
}

// document parses the one document of a file.
func (r *reading) document(content []byte) (root value, ok bool) {
	var node, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	err := decoder.Decode(&node)
	switch {
	case errors.Is(err, io.EOF):
		r.add(1, "", "", "the file is empty", "give services, and what they need")
		return root, false
	case err != nil:
		line, says := syntax(err)
		r.add(line, "", "", "this is no YAML: "+says, "put the line, or one before it, right")
		return root, false
	case len(node.Content) != 1:
		r.add(1, "", "", "the file has no content", "give services, and what they need")
		return root, false
	}
	if err := decoder.Decode(&second); err == nil {
		r.add(second.Line, "", "", "a second document begins", `leave out the "---" and what is behind it`)
		return root, false
	} else if !errors.Is(err, io.EOF) {
		line, says := syntax(err)
		r.add(line, "", "", "this is no YAML: "+says, "put the line, or one before it, right")
		return root, false
	}
	return r.at(node.Content[0], ""), true
}

// syntax is the line of a YAML error, and what it says.
func syntax(err error) (line int, says string) {
	m := regexp.MustCompile(`(?s)^yaml: (?:line (\d+): )?(.*)$`).FindStringSubmatch(err.Error())
	if m == nil {
		return 1, err.Error()
	}
	line, _ = strconv.Atoi(m[1]) // none: 0, so it will be 1
	return line, m[2]
}
