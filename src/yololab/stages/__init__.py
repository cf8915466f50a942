"""The stages of a job: plain parameters in, a frozen result out."""
