/** Persons who own documents together, as a member sees them. */
export interface Team {
  id: string;
  name: string;
  /** The person who asks says who belongs to it. */
  is_manager: boolean;
  created_at: string;
}

export interface Member {
  id: string;
  login: string;
  is_manager: boolean;
  created_at: string;
}

export interface TeamWithMembers extends Team {
  members: Member[];
}
