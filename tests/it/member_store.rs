//! The contract of stores of members, and that it bites.

use saml_sp::flow::block_on;
use saml_sp::testing::{MemoryStore, member_store_contract};

use crate::host_store::{Defect, HostStore};

#[test]
fn stores_that_do_it_right_keep_the_contract() {
    let store = MemoryStore::new();
    block_on(member_store_contract(&store)).unwrap();
    block_on(member_store_contract(&store)).unwrap();
    block_on(member_store_contract(&HostStore::new(Defect::None))).unwrap();
}

/// Each defect is found by the sentence that is about it.
#[test]
fn the_contract_of_members_bites() {
    for defect in Defect::ALL {
        let violation = block_on(member_store_contract(&HostStore::new(defect)));
        let violation = violation.err().unwrap_or_else(|| panic!("{defect:?} was not found")).to_string();
        let expected = match defect {
            Defect::None | Defect::LosesRaces => "nothing",
            Defect::FoldsCase
            | Defect::TrimsBlanks
            | Defect::ForgetsQualifiers
            | Defect::ForgetsFormat
            | Defect::ForgetsIssuer => "the account of another subject",
            Defect::ForgetsConnection => "an account, seen from another connection",
            Defect::FindsNoLinkOfAccounts => "the link of a new member",
            Defect::MakesSecondLinks => "making a second link for an account",
            Defect::FindsMembersOnly => "an owner of an address, seen from another organization",
            Defect::FindsInvitationsOfOthers => "an invitation, seen from another organization",
            Defect::NeverNotesUse => "when a link was confirmed and used",
            Defect::OverwritesRoles => "a membership",
            Defect::KeepsStrangers => "keeping a membership that is not there",
            Defect::RejoinsSuspended => "rejoining",
            Defect::StealsLinks => "linking the subject of somebody else",
            Defect::KeepsInvitations => "making a member by an invitation that is not there",
            Defect::SpendsSeparately | Defect::SpendsOnConflict => "a login after a conflict",
            Defect::WritesOnReplay => "the account of a link",
            Defect::ForgetsToSpendLinks => "a link that was used",
            Defect::ForgetsLinks => "a link that waits",
            Defect::Doubles => "making a member",
            Defect::ForgetsReminders => "a reminder",
            Defect::KeepsReminders => "a reminder after a newer one",
            Defect::NeverDeactivates => "the members without a link",
            Defect::DeactivatesRemoved => "a membership",
            Defect::NeverUnlinks => "the account of a link",
            Defect::UnlinksEverywhere => "the account of a link",
        };
        assert!(violation.contains(expected), "{defect:?}: {violation}");
    }
}
