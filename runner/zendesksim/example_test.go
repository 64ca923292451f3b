package zendesksim_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/deskrules/deskrules/runner/zendesksim"
)

func Example() {
	seed, err := zendesksim.ReadAccount(strings.NewReader(`{"organizations": [{"name": "Acme", "domain_names": ["acme.org"]}]}`))
	if err != nil {
		panic(err)
	}
	sim, err := zendesksim.New(zendesksim.Options{Account: seed})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(sim)
	defer server.Close()

	body := `{"user": {"name": "Ann", "email": "ann@acme.org", "verified": true}}`
	request, err := http.NewRequest("POST", server.URL+"/api/v2/users/create_or_update.json", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer any")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		panic(err)
	}

	account := sim.Account()
	fmt.Println(response.StatusCode)
	fmt.Println(len(account.Users), "user,", len(account.Memberships), "membership of", account.Memberships[0].OrganizationName)
	// Output:
	// 201
	// 1 user, 1 membership of Acme
}

// The first write is carried out but never answered; its repetition finds the user.
func ExampleFaults() {
	var log zendesksim.Log
	sim, err := zendesksim.New(zendesksim.Options{Observe: log.Add})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(zendesksim.Faults{
		Plan:     zendesksim.Nth(1, zendesksim.ResetAfter, zendesksim.Match("POST", "/api/v2/users")),
		Identity: sim.Identity,
	}.Handler(sim))
	defer server.Close()

	for range 2 {
		body := strings.NewReader(`{"user": {"name": "Ann", "external_id": "7"}}`)
		request, err := http.NewRequest("POST", server.URL+"/api/v2/users/create_or_update", body)
		if err != nil {
			panic(err)
		}
		request.Header.Set("Authorization", "Bearer any")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Println("no answer")
			continue
		}
		response.Body.Close()
		fmt.Println(response.StatusCode)
	}
	for _, entries := range log.Repeated() {
		fmt.Println(entries[0].Action, "took effect", len(entries), "times")
	}
	fmt.Println(len(sim.Account().Users), "user")
	// Output:
	// no answer
	// 200
	// users/create_or_update took effect 2 times
	// 1 user
}
