package main

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// stage is one run of a package's tests.
type stage struct {
	kind    string   // what the summary counts it as
	pkg     string   // its directory, from the module's root
	sees    []string // the directories whose mutants it could notice
	args    []string
	quick   []string // in place of args, on the tree as it is
	timeout time.Duration
}

// The kinds of stages.
const (
	unit       = "unit"
	model      = "model"
	simulation = "sim"
)

// differential are the tests of the program that send packets by themselves.
const differential = "-test.run=^Test(Differential|Directory|Config|Interfaces)"

// stages are tried in this order.
func stages(o options) []stage {
	const lock, leader, core = "lock", "leaderelection", "leaderelection/internal/core"
	short := []string{"-test.short"}
	search := func(states int) []string {
		return []string{"-test.run=TestModel$", "-states=" + strconv.Itoa(states)}
	}
	const hang = 30 * time.Second // unit tests take less than two
	few := min(2000, o.states)
	all := []stage{
		{unit, lock, []string{lock}, short, short, hang},
		{unit, "lock/locktest", []string{lock}, short, short, hang},
		{unit, leader, []string{lock, leader}, short, short, hang},
		{unit, core, []string{core}, []string{"-test.skip=^TestModel"}, []string{"-test.skip=^TestModel"}, hang},
		{model, core, []string{core}, search(few), search(few), 3 * time.Minute},
		{unit, "leaderelection/runnertest", []string{lock, leader}, short, short, hang},
		{unit, "leaderelection/metrics", []string{leader}, short, short, hang},
		{unit, "ha", []string{"ha"}, short, short, hang},
		{unit, "dataplane", []string{"dataplane"}, short, short, hang},
		{unit, "dataplane/internal/model", []string{"dataplane/internal/model"}, short, short, 3 * time.Minute},
		{unit, "dataplane/internal/window", []string{"dataplane/internal/window"}, short, short, 3 * time.Minute},
		{unit, "dataplane/xdp", []string{"dataplane/xdp", "dataplane/internal/window"}, append(short, differential), append(short, differential), 3 * time.Minute},
	}
	if o.states > few {
		all = append(all, stage{model, core, []string{core}, search(o.states), nil, 10 * time.Minute})
	}
	if o.sim {
		seeds := func(n int) []string { return []string{"-test.run=TestSeeds$", fmt.Sprintf("-seeds=%d", n)} }
		all = append(all, stage{simulation, "internal/sim", []string{lock, leader}, seeds(o.seeds), seeds(min(100, o.seeds)), 5 * time.Minute})
	}
	return all
}

// order returns the stages that could notice m, those of the kind or the package
// first that it asks for.
func (m mutant) order(all []stage) []stage {
	var first, others []stage
	for _, s := range all {
		switch {
		case !slices.ContainsFunc(s.sees, m.touches):
		case s.quick != nil && (s.kind == m.first || s.pkg == m.first): // not the long search
			first = append(first, s)
		default:
			others = append(others, s)
		}
	}
	return append(first, others...)
}
