package catalogue

func nativeFamilies() []Family { return nil }
