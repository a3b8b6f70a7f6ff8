package main

import "testing"

func TestSettleAndAgree(t *testing.T) {
	theirs := map[string]float64{"c p 200": 5, "c p PR": 2, "c q PR": 1}
	ours := map[string]float64{"c p 200": 5, "c p PR": 1, "c other PR": 2}
	if moved := settle(theirs, ours); moved != 2 {
		t.Errorf("%g moved, want 2", moved)
	}
	if err := agree(theirs, ours); err != nil {
		t.Error(err)
	}
	for name, ours := range map[string]map[string]float64{
		"one too few":        {"c p 200": 4, "c p PR": 2, "c q PR": 1},
		"another label":      {"c x 200": 5, "c p PR": 2, "c q PR": 1},
		"other has another":  {"c p 200": 5, "c p PR": 2, "d other PR": 1},
		"other has too much": {"c p 200": 5, "c p PR": 2, "c other PR": 2},
	} {
		settle(theirs, ours)
		if agree(theirs, ours) == nil {
			t.Errorf("%s: no difference found", name)
		}
	}
	if agree(map[string]float64{}, map[string]float64{}) == nil {
		t.Error("nothing agrees with nothing")
	}
}
