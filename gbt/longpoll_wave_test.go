package gbt

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestAWaveEndsTogether: who has an answer rests until all have one, or one of them has
// taken too long.
func TestAWaveEndsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w waves
		news := make(chan struct{})
		w.join(news).leave() // A client that went away before the news, the only one so far.
		first, second, stuck := w.join(news), w.join(news), w.join(news)
		w.join(news).leave()
		time.Sleep(2 * waveMost)
		close(news)
		start := time.Now()
		rested := make(chan time.Duration, 2)
		rest := func(p *waveMember) {
			p.awaitOthers()
			rested <- time.Since(start)
		}
		go rest(first)
		time.Sleep(waveMost / 2)
		go rest(second)
		synctest.Wait()
		if len(rested) > 0 {
			t.Fatal("one rested no longer though another has no answer")
		}
		for range 2 {
			if took := <-rested; took != waveMost {
				t.Errorf("rested for %v, expected %v", took, waveMost)
			}
		}
		stuck.leave()
		stuck.leave()

		// The next news have a wave of their own.
		next := make(chan struct{})
		one, other := w.join(next), w.join(next)
		close(next)
		start = time.Now()
		go rest(one)
		time.Sleep(time.Millisecond)
		other.leave() // A client that went away.
		if took := <-rested; took != time.Millisecond {
			t.Errorf("rested for %v, expected a millisecond", took)
		}
		last := make(chan struct{})
		alone := w.join(last)
		close(last)
		alone.awaitOthers()
		(*waveMember)(nil).awaitOthers()
	})
}

// TestAWavesJobsDiffer rolls the jobs of a wave by many callers at a time, some of whom
// have a slightly newer template: each has a lease to itself, and its own template.
func TestAWavesJobsDiffer(t *testing.T) {
	c, _ := server(t)
	older, err := c.generator.Current()
	if err != nil {
		t.Fatal(err)
	}
	templates, done := c.generator.Subscribe()
	defer done()
	<-templates // the older
	c.move()
	c.generator.TipChanged()
	newer := <-templates
	const callers = 100
	var w waves
	news, space := make(chan struct{}), mining.NewExtranonces()
	jobs := make(chan *mining.Job, callers)
	for i := range callers {
		p, template := w.join(news), []*mining.Template{older, newer}[min(i%5, 1)]
		go func() {
			<-news
			j := p.roll(template, space)
			if want := mining.NewJob(template, j.Extranonce); j.Template != template || j.Root() != want.Root() {
				t.Errorf("a job of another template, or a wrong one")
			}
			p.leave()
			jobs <- j
		}()
	}
	close(news)
	leases := map[uint64]bool{}
	for range callers {
		leases[(<-jobs).Extranonce>>32] = true
	}
	if len(leases) != callers {
		t.Errorf("%d leases for %d callers", len(leases), callers)
	}
}
