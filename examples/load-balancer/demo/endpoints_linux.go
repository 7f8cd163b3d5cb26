package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
)

// startEndpoint starts the process of an endpoint, in its namespace, and waits
// until it serves.
func (d *demo) startEndpoint(name string, number int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "-serve="+name)
	cmd.Stderr = d.Narrator
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	d.endpoints[name], err = d.site.Endpoints[number].Start(cmd)
	if err != nil {
		return err
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return fmt.Errorf("endpoint %s said %q, and not that it serves: %w", name, line, err)
	}
	return nil
}
