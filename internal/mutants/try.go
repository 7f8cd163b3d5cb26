package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// result is how a mutant fared.
type result struct {
	mutant
	stage stage  // that noticed it
	by    string // the test that failed; "" = it escaped
	took  time.Duration
	err   error
}

// try tells of each mutant as it is judged.
func try(ctx context.Context, root string, o options, mutants []mutant) ([]result, error) {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // best effort
	began := time.Now()
	usable, err := sound(ctx, root, dir, stages(o), mutants)
	if err != nil {
		return nil, err
	}
	results := judgeAll(ctx, root, dir, o.parallel, mutants, usable)
	if ctx.Err() != nil {
		return results, ctx.Err()
	}
	line, ok := summary(results)
	fmt.Printf("%s, %v\n", line, time.Since(began).Round(time.Second))
	if !ok {
		return results, errors.New("the tests let faults through")
	}
	return results, nil
}

// judgeAll judges a few mutants at a time: linking needs one processor only.
func judgeAll(ctx context.Context, root, dir string, parallel int, mutants []mutant, usable []stage) []result {
	results := make([]result, len(mutants))
	next, done := make(chan int), make(chan int)
	for range parallel {
		go func() {
			for i := range next {
				results[i] = judge(ctx, root, filepath.Join(dir, fmt.Sprint(i)), mutants[i], usable)
				done <- i
			}
		}()
	}
	go func() {
		for i := range mutants {
			next <- i
		}
		close(next)
	}()
	for range mutants {
		if i := <-done; ctx.Err() == nil {
			fmt.Println(results[i])
		}
	}
	return results
}

// sound returns the stages that pass on the tree as it is: a test that fails
// anyway notices nothing. Only the simulation may be missing.
func sound(ctx context.Context, root, dir string, all []stage, mutants []mutant) (usable []stage, err error) {
	b := &builder{root: root, dir: filepath.Join(dir, "sound")}
	if err := os.Mkdir(b.dir, 0o755); err != nil {
		return nil, err
	}
	for _, s := range all {
		needed := false
		for _, m := range mutants {
			needed = needed || len(m.order([]stage{s})) > 0
		}
		if !needed {
			continue
		}
		began := time.Now()
		failed := ""
		if s.quick != nil {
			failed, err = b.check(ctx, s, s.quick)
		}
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && s.kind == simulation:
			fmt.Printf("left out: %v\n", err)
			continue
		case err != nil:
			return nil, err
		case failed != "":
			return nil, fmt.Errorf("%s fails without a mutant, by %s", s.pkg, failed)
		}
		if s.quick != nil {
			fmt.Printf("passes as it is: %s of %s, %.1fs\n", s.kind, s.pkg, time.Since(began).Seconds())
		}
		usable = append(usable, s)
	}
	return usable, nil
}

// judge tries the stages on one mutant.
func judge(ctx context.Context, root, dir string, m mutant, all []stage) (r result) {
	began := time.Now()
	r.mutant = m
	defer func() { r.took = time.Since(began) }()
	if r.err = os.Mkdir(dir, 0o755); r.err != nil {
		return r
	}
	defer func() { _ = os.RemoveAll(dir) }() // best effort: test programs are large
	b := &builder{root: root, dir: dir}
	if b.overlay, r.err = m.overlay(root, dir); r.err != nil {
		return r
	}
	for _, r.stage = range m.order(all) {
		if r.by, r.err = b.check(ctx, r.stage, r.stage.args); r.by != "" || r.err != nil {
			return r
		}
	}
	return r
}
