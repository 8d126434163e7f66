package stratum

import "testing"

// TestBudgetIsShared asks for what each session gets of ten shares a second.
func TestBudgetIsShared(t *testing.T) {
	a, b := new(vardiff), new(vardiff)
	type session struct {
		demand
		gets float64
	}
	for _, test := range []struct {
		name string
		a, b session
	}{
		{"less than there is", session{demand{2, 0}, 2}, session{demand{3, 0}, 3}},
		{"as much as there is", session{demand{4, 0}, 4}, session{demand{6, 0}, 6}},
		{"twice as much", session{demand{4, 0}, 2}, session{demand{16, 0}, 8}},
		{"what is left is for who is measured", session{demand{4, 0}, 4}, session{demand{2, 8}, 2 + 4}},
		{"and shared by them", session{demand{1, 4}, 1 + 2}, session{demand{1, 12}, 1 + 6}},
		{"and no more than they want", session{demand{1, 1}, 2}, session{demand{1, 2}, 3}},
		{"and nothing where nothing is left", session{demand{10, 5}, 10}, session{demand{}, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			budget := newShareBudget(10)
			budget.set(a, demand{7, 7}) // What was before is replaced.
			budget.set(a, test.a.demand)
			budget.set(b, test.b.demand)
			if gets := budget.grant(test.a.demand); gets != test.a.gets {
				t.Errorf("one who wants %+v gets %v, expected %v", test.a.demand, gets, test.a.gets)
			}
			if gets := budget.grant(test.b.demand); gets != test.b.gets {
				t.Errorf("one who wants %+v beside it gets %v, expected %v", test.b.demand, gets, test.b.gets)
			}
			budget.rate = 0
			if gets := budget.grant(test.b.demand); gets != test.b.steady+test.b.extra {
				t.Errorf("without a limit: %v", gets)
			}
			budget.set(a, demand{})
			budget.set(b, demand{})
			if len(budget.sessions) != 0 || budget.steady != 0 || budget.extra != 0 {
				t.Errorf("all are gone, left are %+v", budget)
			}
		})
	}
	var none *shareBudget
	none.set(a, demand{1, 2})
	if gets := none.grant(demand{1, 2}); gets != 3 {
		t.Errorf("no budget gives %v", gets)
	}
}
