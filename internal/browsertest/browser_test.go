package browsertest_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browser is what all tests share; each has a tab of its own.
var browser struct {
	sync.Once
	ctx    context.Context
	cancel func()
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if browser.cancel != nil {
		browser.cancel()
	}
	os.Exit(code)
}

// tab is a page in the browser.
type tab struct {
	t        *testing.T
	ctx      context.Context
	mu       sync.Mutex // guards the field below
	messages []string   // of the console
}

// open opens a tab. It skips the test where there is no browser.
func open(t *testing.T) *tab {
	t.Helper()
	browser.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox) // containers run as root
		allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, cancel := chromedp.NewContext(allocator)
		browser.ctx, browser.cancel = ctx, func() { cancel(); stop() }
		browser.err = chromedp.Do(ctx)
	})
	if browser.err != nil {
		const mend = "no browser: %v; mend: apt-get install --no-install-recommends chromium fonts-dejavu-core"
		if os.Getenv("CI") == "true" {
			require.FailNowf(t, "no browser", mend, browser.err)
		}
		t.Skipf(mend, browser.err)
	}
	ctx, cancel := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx))
	tab := &tab{t: t, ctx: ctx}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			tab.mu.Lock()
			tab.messages = append(tab.messages, m.String())
			tab.mu.Unlock()
		}
	}()
	return tab
}

func (tab *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	require.NoError(tab.t, chromedp.Do(tab.ctx, steps...))
}

// eval returns the value of a JavaScript expression.
func eval[T any](tab *tab, expression string) T {
	tab.t.Helper()
	value, err := chromedp.Run(tab.ctx, chromedp.Evaluate[T](expression))
	require.NoError(tab.t, err, expression)
	return value
}

// until waits for a JavaScript expression to be true, also while another page
// is being loaded.
func (tab *tab) until(expression string) {
	tab.t.Helper()
	is := func() bool {
		value, err := chromedp.Run(tab.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && value
	}
	if !assert.Eventually(tab.t, is, time.Minute, 50*time.Millisecond, expression) {
		require.FailNow(tab.t, "the page says: "+eval[string](tab, "document.body.innerText"))
	}
}

// quiet: the console has said nothing, neither of errors nor of what the
// Content-Security-Policy has stopped.
func (tab *tab) quiet() {
	tab.t.Helper()
	eval[int](tab, "1") // what came before it has arrived
	tab.mu.Lock()
	defer tab.mu.Unlock()
	require.Empty(tab.t, tab.messages)
}

func scheme(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
		})
		return err
	})
}

func withoutScripts() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
}

// picture writes a screenshot of the whole page.
func (tab *tab) picture(name string) {
	tab.t.Helper()
	dir := os.Getenv("ARTIFACTS")
	if dir == "" {
		dir = filepath.Join("..", "..", "artifacts")
	}
	require.NoError(tab.t, os.MkdirAll(dir, 0o755))
	shot, err := chromedp.Run(tab.ctx, func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		r, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: new(true)})
		return r.Data, err
	})
	require.NoError(tab.t, err)
	require.NoError(tab.t, os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o644))
}
