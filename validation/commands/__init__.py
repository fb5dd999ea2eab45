"""The commands of `wmdelays`, one file for each."""
