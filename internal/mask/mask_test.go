package mask

import "testing"

func TestValue(t *testing.T) {
	for raw, want := range map[string]string{
		`"ada@example.com"`:                   `"a***@e***.com"`,
		`"Ada Lovelace"`:                      `"A*** L***"`,
		`"Ärzte"`:                             `"Ä***"`,
		`"+44 20 7946 0018"`:                  `"+99 99 9999 9999"`,
		`"Europe/London"`:                     `"E***/L***"`,
		`"a@b"`:                               `"a***@b***"`,
		`"x.y@mail.example.co2"`:              `"x***.y***@m***.e***.c***9"`,
		`"ada@example.com."`:                  `"a***@e***.com."`,
		`"<ada@example.com>;bob@example.org"`: `"<a***@e***.com>;b***@e***.org"`,
		`"http://u:pw@host.com/reset/SeCretTok?name=Hopper"`: `"h***://u***:p***@h***.com/r***/S***?n***=H***"`,
		`"mail:grace@navy.mil;Grace;Hopper"`:                 `"m***:g***@n***.mil;G***;H***"`,
		`"u:p@ss.Secret@host.com"`:                           `"u***:p***@s***.S***@h***.c***"`,
		`"@ada.Lovelace"`:                                    `"@a***.L***"`,
		`"ada@example.Ärzte"`:                                `"a***@e***.Ä***"`,
		`"ada@example.com_Grace"`:                            `"a***@e***.c***_G***"`,
		`900001329943`:                                       `999999999999`,
		`-1.50`:                                              `-9.99`,
		`true`:                                               `true`,
		`null`:                                               `null`,
		`""`:                                                 `""`,
		`{}`:                                                 `{}`,
		`"see ada@example.com, "`:                            `"s*** a***@e***.com, "`,
	} {
		if got := Value(raw); got != want {
			t.Errorf("Value(%s) = %s, want %s", raw, got, want)
		}
	}
}

func TestQuoted(t *testing.T) {
	for sentence, want := range map[string]string{
		`traits.timezone is "Mars/Olympus" and was left out`: `traits.timezone is "M***/O***" and was left out`,
		`422: Email ada@example.com is already used`:         `422: Email a***@e***.com is already used`,
		`no user 26140000000001`:                             `no user 99999999999999`,
		`identify needs traits.name`:                         `identify needs traits.name`,
		`half a quote: "Ada Love`:                            `half a quote: "A*** L***`,
		`the name "Ada \"Countess\" L" is long`:              `the name "A*** \"C***\" L***" is long`,
	} {
		if got := Quoted(sentence); got != want {
			t.Errorf("Quoted(%s) = %s, want %s", sentence, got, want)
		}
	}
}
